-- The first warnings of one batch.
select
    w.type,
    w.landing_id,
    left(w.uuid, 200) as uuid,
    left(w.distinct_id, 400) as distinct_id,
    ops.json_excerpt(w.details, 300) as details,
    w.remedy
from ops.warning as w
where w.batch_id = %(batch_id)s::bigint
order by w.type, w.landing_id
limit %(at_most)s::bigint;
