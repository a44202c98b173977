-- Rows that the cycle set apart by itself in the last day and nobody has dealt with, by batch.
select
    a.batch_id,
    count(*) as rows,
    min(a.step) as step,
    min(a.error) as error
from ops.set_apart as a
left join quarantine.event as q on a.landing_id = q.landing_id
where a.decided_by is null and q.resolution is null and a.set_apart_at > now() - interval '1 day'
group by a.batch_id
order by a.batch_id;
