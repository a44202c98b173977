-- Note where the rows that this transaction landed stand, in landing and in the file. A landing transaction inserts
-- nothing else, so its own xid finds them; the minimum and the maximum are the ends of the primary key's index.
insert into ops.landed_range (team_id, sha256, xid, first_landing_id, last_landing_id, noun, runs)
select
    %(team_id)s::bigint as team_id,
    %(sha256)s::text as sha256,
    pg_current_xact_id() as xid,
    min(e.landing_id) as first_landing_id,
    max(e.landing_id) as last_landing_id,
    %(noun)s::text as noun,
    %(runs)s::jsonb as runs
from landing.event as e
where e.xid = pg_current_xact_id();
