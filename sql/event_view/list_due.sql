-- Views of the schema event that are not as they should be: with a query to be made, without one to be dropped. From
-- what maintenance saw in the last 30 days that had events: the most frequent 500 names, and of each the properties
-- that at least one event in a hundred had, at most 300.
with recent as (
    select
        d.event,
        sum(d.events) as events
    from ops.event_day as d
    where d.label = '' and d.day > (select max(m.day) from ops.event_day as m) - 30
    group by d.event
    order by sum(d.events) desc, d.event asc
    limit 500
),

named as (
    select
        r.event,
        ops.identifier(r.event) as view_name,
        row_number() over (partition by ops.identifier(r.event) order by r.events desc, r.event asc) as place
    from recent as r
),

profile as (
    select p.*
    from ops.property_day as p
    inner join named as n on p.event = n.event
    where n.place = 1 and p.day > (select max(m.day) from ops.event_day as m) - 30
),

sampled as (
    select
        s.event,
        sum(s.sampled) as events
    from (
        select
            p.event,
            max(p.sampled) as sampled
        from profile as p
        group by p.day, p.team_id, p.event
    ) as s
    group by s.event
),

property as (
    select
        t.event,
        t.property,
        sum(t.events) as events,
        -- The most frequent one.
        (array_agg(t.type order by t.events desc, t.type asc))[1] as type
    from (
        select
            p.event,
            p.property,
            case when p.type in ('object', 'array') then 'json' else p.type end as type,
            sum(p.events) as events
        from profile as p
        -- Longer names are profiled by their beginning only.
        where length(p.property) < 200
        group by p.event, p.property, case when p.type in ('object', 'array') then 'json' else p.type end
    ) as t
    group by t.event, t.property
),

ranked as (
    select
        p.event,
        p.property,
        p.type,
        c.column_name,
        row_number() over (partition by p.event order by p.events desc, p.property asc) as place,
        row_number() over (
            partition by p.event, c.column_name order by p.events desc, p.property asc
        ) as place_of_name
    from property as p
    inner join sampled as s on p.event = s.event and p.events * 100 >= s.events
    -- A property may have the name of a column of every view, or none at all.
    cross join
        lateral (
            select
                ops.identifier(
                    case
                        when p.property in ('', 'team_id', 'uuid', 'timestamp', 'distinct_id', 'person_id')
                            then 'properties.' || p.property
                        else p.property
                    end
                ) as column_name
        ) as c
),

chosen as (
    select
        r.event,
        array_agg(
            ops.event_column(r.property, r.type, r.column_name) order by r.property collate "C"
        ) as columns
    from ranked as r
    where r.place <= 300 and r.place_of_name = 1
    group by r.event
),

wanted as (
    select
        n.view_name,
        n.event,
        ops.event_view_query(n.event, c.columns) as query
    from named as n
    left join chosen as c on n.event = c.event
    where n.place = 1
)

select
    coalesce(w.view_name, v.view_name) as view_name,
    w.event,
    w.query
from wanted as w
full join ops.event_view as v on w.view_name = v.view_name
where
    w.query is distinct from v.query
    or to_regclass('event.' || quote_ident(w.view_name)) is null
order by coalesce(w.view_name, v.view_name);
