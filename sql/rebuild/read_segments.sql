-- Runs of loaded batches with one length of hold: the part of the log that each took, without the rows of projects
-- that were removed since, and the clock at its end.
select
    s.hold_seconds,
    (array_agg(s.lower_xid::text order by s.batch_id))[1] as lower_xid,
    (array_agg(s.lower_landing_id order by s.batch_id))[1] as lower_landing_id,
    (array_agg(s.upper_xid::text order by s.batch_id desc))[1] as upper_xid,
    (array_agg(s.upper_landing_id order by s.batch_id desc))[1] as upper_landing_id,
    max(s.as_of) as as_of,
    sum(s.landed - s.removed)::bigint as landed
from (
    select
        b.*,
        coalesce((select sum(a.landed) from ops.amendment as a where a.batch_id = b.batch_id), 0) as removed,
        b.batch_id - row_number() over (partition by b.hold_seconds order by b.batch_id) as run
    from ops.batch as b
    where b.status = 'loaded'
) as s
group by s.hold_seconds, s.run
order by min(s.batch_id);
