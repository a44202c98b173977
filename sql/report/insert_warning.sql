-- Warnings of the new batches by type.
insert into ops.report_warning (batch_id, type, events)
select
    w.batch_id,
    w.type,
    count(*) as events
from ops.warning as w
where w.batch_id > %(after)s::bigint and w.batch_id <= %(newest)s::bigint
group by w.batch_id, w.type;
