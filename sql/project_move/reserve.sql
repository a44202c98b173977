-- The batch that brings the project, and by how much its positions are shifted: transaction ids so far that they are
-- not below the watermark, landing ids so that they begin above all that were given out, with a million to spare for
-- writers who take theirs just now. No farther, so that a project may move as often as it likes.
select
    r.batch_id,
    r.xid_shift,
    r.landing_id_shift,
    setval('landing.event_landing_id', r.landing_id_shift + %(newest_landing_id)s::bigint) as newest_landing_id
from (
    select
        greatest(w.xid::text::bigint - %(first_xid)s::bigint, 0) as xid_shift,
        nextval('landing.event_landing_id') + 1000000 - %(first_landing_id)s::bigint as landing_id_shift,
        (select coalesce(max(b.batch_id), 0) + 1 from ops.batch as b) as batch_id
    from ops.watermark as w
    offset 0
) as r;
