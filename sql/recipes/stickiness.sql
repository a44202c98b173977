-- Stickiness: how many persons did one event on one day (UTC), on two days, ... of the time asked for.
-- team_id, event; since, until.
select
    p.days,
    count(*) as persons
from (
    select
        e.person_id,
        count(distinct date_trunc('day', e."timestamp" at time zone 'UTC')) as days
    from warehouse.events as e
    where
        e.team_id = %(team_id)s
        and e.event = %(event)s
        and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
        and e."timestamp" < (%(until)s || ' UTC')::timestamptz
        and e.person_id is not null
    group by e.person_id
) as p
group by p.days
order by p.days;
