-- Groups: events and unique persons of one event by company (or another type of group), with the group's name.
-- team_id, event, group_type; since, until.
select
    n.group_key,
    g.properties ->> 'name' as name,
    n.events,
    n.persons
from (
    select
        e.groups ->> %(group_type)s as group_key,
        count(*) as events,
        count(distinct e.person_id) as persons
    from warehouse.events as e
    where
        e.team_id = %(team_id)s
        and e.event = %(event)s
        and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
        and e."timestamp" < (%(until)s || ' UTC')::timestamptz
        and e.groups ->> %(group_type)s is not null
    group by e.groups ->> %(group_type)s
) as n
left join warehouse.groups as g
    on g.team_id = %(team_id)s and g.group_type = %(group_type)s and n.group_key = g.group_key
order by n.events desc, n.group_key asc;
