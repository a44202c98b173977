-- Users of the last days as the page has them, and as maintenance counts them from the events.
select
    d.day,
    d.unique_users,
    u.persons as recounted,
    u.counted_at
from (
    select
        r.day,
        sum(r.unique_users)::bigint as unique_users
    from ops.report_day as r
    where r.day >= %(since)s::date
    group by r.day
) as d
left join (
    select
        n.day,
        sum(n.persons)::bigint as persons,
        min(n.counted_at) as counted_at
    from ops.user_day as n
    where n.day >= %(since)s::date
    group by n.day
) as u on d.day = u.day
order by d.day desc
limit 7;
