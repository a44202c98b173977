-- Warnings about one event, or the newest about a distinct id.
select
    w.type,
    w.details,
    w.remedy,
    w.uuid,
    w.landing_id,
    w.batch_id
from ops.warning as w
where
    (%(uuid)s::text is null or lower(w.uuid) = lower(%(uuid)s::text))
    and (%(distinct_id)s::text is null or w.distinct_id = %(distinct_id)s::text)
    and (%(team_id)s::bigint is null or w.team_id = %(team_id)s::bigint)
order by w.landing_id desc
limit 20;
