-- Open the batch. The partial unique index lets only one be open.
insert into ops.batch (
    batch_id,
    lower_xid,
    lower_landing_id,
    upper_xid,
    upper_landing_id,
    arrival_clock_before,
    arrival_clock,
    oldest_received_at,
    as_of,
    hold_seconds,
    is_caught_up,
    landed,
    opened_at
)
select
    coalesce(max(b.batch_id), 0) + 1 as batch_id,
    %(lower_xid)s::xid8,
    %(lower_landing_id)s,
    %(upper_xid)s::xid8,
    %(upper_landing_id)s,
    %(arrival_clock_before)s,
    %(arrival_clock)s,
    %(oldest_received_at)s,
    %(as_of)s,
    %(hold_seconds)s,
    %(is_caught_up)s,
    %(landed)s,
    now() as opened_at
from ops.batch as b
returning batch_id;
