-- The newest warnings of each type.
select
    t.type,
    w.*
from (
    select distinct r.type
    from ops.report_warning as r
) as t
cross join
    lateral (
        select
            e.landing_id,
            e.batch_id,
            left(e.uuid, 200) as uuid,
            left(e.distinct_id, 200) as distinct_id,
            ops.json_excerpt(e.details, 300) as details,
            e.remedy
        from ops.warning as e
        where
            e.type = t.type
            and e.batch_id = (select max(n.batch_id) from ops.report_warning as n where n.type = t.type)
        order by e.landing_id desc
        limit %(at_most)s::bigint
    ) as w
order by t.type asc, w.landing_id desc;
