-- What a replay gives, day by day (UTC): by the time of the events, of the persons, of the arrival. A person's id is
-- made from its project's, too.
select
    f.day,
    sum(f.unique_users)::bigint as unique_users,
    sum(f.persons_at_load)::bigint as persons_at_load,
    sum(f.new_persons)::bigint as new_persons,
    sum(f.refused)::bigint as refused,
    sum(f.held)::bigint as held
from (
    select
        ("timestamp" at time zone 'UTC')::date as day,
        count(distinct person_id) as unique_users,
        count(distinct person_id_at_load) as persons_at_load,
        0 as new_persons,
        0 as refused,
        0 as held
    from warehouse.events
    group by day
    union all
    select
        (created_at at time zone 'UTC')::date as day,
        0,
        0,
        count(*),
        0,
        0
    from warehouse.person
    group by day
    union all
    select
        (received_at at time zone 'UTC')::date as day,
        0,
        0,
        0,
        count(*),
        0
    from quarantine.event
    group by day
    union all
    select
        (as_of at time zone 'UTC')::date as day,
        0,
        0,
        0,
        0,
        sum(held)
    from ops.batch
    group by day
) as f
group by f.day
order by f.day;
