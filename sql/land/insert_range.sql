-- Note where the rows that this transaction landed stand, in landing and in the file. A landing transaction inserts
-- nothing else, so its own xid finds them, shifted as that column's default is (ops.watermark has no row before the
-- first cycle, and nothing is shifted then); the minimum and the maximum are the ends of the primary key's index.
insert into ops.landed_range (team_id, sha256, xid, first_landing_id, last_landing_id, noun, runs)
select
    %(team_id)s::bigint as team_id,
    %(sha256)s::text as sha256,
    min(e.xid) as xid,
    min(e.landing_id) as first_landing_id,
    max(e.landing_id) as last_landing_id,
    %(noun)s::text as noun,
    %(runs)s::jsonb as runs
from landing.event as e
where
    e.xid = (
        select ((pg_current_xact_id()::text::bigint + coalesce(max(w.xid_offset), 0))::text)::xid8
        from ops.watermark as w
    );
