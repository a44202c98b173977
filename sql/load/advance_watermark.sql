-- Everything up to the batch's upper position is accounted for.
update ops.watermark
set
    xid = b.upper_xid,
    landing_id = b.upper_landing_id,
    arrival_clock = b.arrival_clock,
    as_of = b.as_of,
    newest_landing_id = greatest(
        ops.watermark.newest_landing_id,
        (select coalesce(max(e.landing_id), 0) from staging.event as e)
    )
from ops.batch as b
where b.batch_id = %(batch_id)s::bigint and ops.watermark.is_only;
