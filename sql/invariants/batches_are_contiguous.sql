-- Each batch begins where the one before ended: no landing row between two batches.
select
    b.batch_id,
    b.lower_xid,
    b.lower_landing_id,
    b.previous_upper_xid,
    b.previous_upper_landing_id
from (
    select
        batch_id,
        lower_xid,
        lower_landing_id,
        lag(upper_xid) over (order by batch_id) as previous_upper_xid,
        lag(upper_landing_id) over (order by batch_id) as previous_upper_landing_id
    from ops.batch
) as b
where
    b.previous_upper_xid is not null
    and (b.lower_xid, b.lower_landing_id) <> (b.previous_upper_xid, b.previous_upper_landing_id);
