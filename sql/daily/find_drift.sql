-- What a day has that no day before had, and what the week before had and the day, once it is over, has not.
insert into ops.plan_drift (day, team_id, kind, event, subject, details, found_at)
select
    d.day,
    d.team_id,
    case when d.label = '' then 'new_event' else 'autocapture_text_new' end as kind,
    d.event,
    d.label as subject,
    jsonb_build_object('events', d.events) as details,
    now() as found_at
from ops.event_day as d
where
    d.day = %(day)s::date
    and exists (
        select from ops.event_day as b
        where b.team_id = d.team_id and b.day < d.day and (d.label = '' or (b.event = d.event and b.label <> ''))
    )
    and not exists (
        select from ops.event_day as b
        where b.team_id = d.team_id and b.event = d.event and b.label = d.label and b.day < d.day
    )
union all
select
    p.day,
    p.team_id,
    case when bool_or(k.is_known) then 'new_type' else 'new_property' end as kind,
    p.event,
    p.property as subject,
    jsonb_build_object('types', jsonb_agg(p.type order by p.type), 'types_before', max(k.types_before)) as details,
    now() as found_at
from ops.property_day as p
cross join
    lateral (
        select
            count(*) > 0 as is_known,
            coalesce(bool_or(b.type = p.type), false) as is_type_known,
            string_agg(distinct b.type, ', ') as types_before
        from ops.property_day as b
        where b.team_id = p.team_id and b.event = p.event and b.property = p.property and b.day < p.day
    ) as k
where
    p.day = %(day)s::date
    and not k.is_type_known
    and exists (
        select from ops.property_day as b
        where b.team_id = p.team_id and b.event = p.event and b.day < p.day
    )
group by p.day, p.team_id, p.event, p.property
union all
select
    %(day)s::date as day,
    b.team_id,
    case when b.label = '' then 'event_gone_quiet' else 'autocapture_text_gone' end as kind,
    b.event,
    b.label as subject,
    jsonb_build_object('events_a_day_before', round(avg(b.events)), 'days', count(*)) as details,
    now() as found_at
from ops.event_day as b
where
    b.day between %(day)s::date - 7 and %(day)s::date - 1
    and %(day)s::date < %(today)s::date
    and exists (select from ops.event_day as o where o.team_id = b.team_id and o.day = %(day)s::date)
    and not exists (
        select from ops.event_day as o
        where o.team_id = b.team_id and o.event = b.event and o.label = b.label and o.day = %(day)s::date
    )
group by b.team_id, b.event, b.label
having count(*) >= 3 and avg(b.events) >= 20
on conflict (day, team_id, kind, event, subject) do nothing;
