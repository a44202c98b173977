-- The withdrawal that the batch consists of, if it does: which file, and who wants it and why.
select
    e.landing_id,
    l.properties ->> 'name' as name,
    l.properties ->> '$decided_by' as who,
    l.properties ->> '$why' as why
from ops.batch as b
inner join landing.event as l on b.upper_xid = l.xid and b.upper_landing_id = l.landing_id
inner join staging.accepted_event as e on l.xid = e.xid and l.landing_id = e.landing_id
where b.batch_id = %(batch_id)s::bigint and b.landed = 1 and l.is_operator and l.event = '$withdraw_file';
