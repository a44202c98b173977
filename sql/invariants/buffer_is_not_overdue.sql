-- No event is still held though its time was over, by the arrival clock, when the newest batch was loaded.
select
    b.uuid,
    b.distinct_id,
    b.due_at,
    w.as_of
from buffer.event as b
cross join ops.watermark as w
where b.due_at <= w.as_of and not exists (select from ops.batch as o where o.status = 'open');
