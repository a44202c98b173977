-- What the newest thousand events of each name in each project look like: per property in how many it is, of which
-- types, and its texts where they are few and each came again and again. Left out are what names the sender, and names
-- made of ids: see plan/find_made_names.sql.
with named as (
    select distinct
        d.team_id,
        d.event
    from ops.event_day as d
    where
        d.label = ''
        and d.day >= current_date - %(days)s::integer
        and case when %(event)s::text is null then d.event not like '$%%' else d.event = %(event)s::text end
        and ops.event_pattern(d.event) <> all(%(made_patterns)s::text[])
),

sample as (
    select
        n.event,
        s.properties,
        (s."timestamp" at time zone 'UTC')::date as day
    from named as n
    cross join
        lateral (
            select
                e.properties,
                e."timestamp"
            from warehouse.stored_event as e
            where
                e.team_id = n.team_id
                and e.event = n.event
                and e."timestamp" >= current_date - %(days)s::integer
            order by e."timestamp" desc
            limit 1000
        ) as s
),

whole as (
    select
        s.event,
        count(*) as sampled,
        count(distinct s.day) as days
    from sample as s
    group by s.event
),

-- A row for each type and text of each property.
found as (
    select
        s.event,
        p.key as property,
        jsonb_typeof(p.value) as type,
        case when jsonb_typeof(p.value) = 'string' then p.value #>> '{}' end as text,
        count(*) as events
    from sample as s
    cross join lateral jsonb_each(s.properties) as p
    where p.key not like '$%%' and p.key not in ('token', 'distinct_id')
    group by s.event, p.key, jsonb_typeof(p.value), case when jsonb_typeof(p.value) = 'string' then p.value #>> '{}' end
),

typed as (
    select
        f.event,
        f.property,
        f.type,
        sum(f.events)::integer as events,
        case
            when f.type = 'string' and count(*) <= 8 and min(f.events) >= 5 then array_agg(f.text order by f.text)
        end as choices
    from found as f
    group by f.event, f.property, f.type
)

select
    t.event,
    w.sampled,
    w.days,
    t.property,
    jsonb_object_agg(t.type, t.events order by t.type) as types,
    sum(t.events)::integer as events,
    max(t.choices) as choices
from typed as t
inner join whole as w on t.event = w.event
group by t.event, w.sampled, w.days, t.property
order by t.event, t.property;
