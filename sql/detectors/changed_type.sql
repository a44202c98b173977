-- Properties that had one type on the days before, and have another in the newest events of the name.
select
    f.team_id,
    f.event || ', ' || f.property as subject,
    l.since_at,
    l.last_at,
    l.events,
    l.users,
    format('a %%s before, now a %%s too', f.type, l.type) as detail,
    l.examples
from (
    select
        d.team_id,
        d.event,
        d.property,
        min(d.type) as type
    from ops.property_day as d
    where
        d.day >= (%(since)s::timestamptz at time zone 'UTC')::date - 7
        and d.day < (%(since)s::timestamptz at time zone 'UTC')::date
    group by d.team_id, d.event, d.property
    having count(distinct d.type) = 1 and count(distinct d.day) >= 2
) as f
cross join
    lateral (
        select
            count(*) filter (
                where jsonb_typeof(e.properties -> f.property) not in (f.type, 'null')
            ) as others
        from (
            select n.properties
            from warehouse.stored_event as n
            where
                n.team_id = f.team_id
                and n.event = f.event
                and n."timestamp" >= %(since)s::timestamptz
                and n."timestamp" < %(until)s::timestamptz
            order by n."timestamp" desc
            limit 100
        ) as e
    ) as s
cross join
    lateral (
        select
            min(e."timestamp") as since_at,
            max(e."timestamp") as last_at,
            count(*) as events,
            count(distinct e.person_id) as users,
            mode() within group (order by jsonb_typeof(e.properties -> f.property)) as type,
            to_jsonb((array_agg(e.uuid order by e."timestamp" desc))[1:5]) as examples
        from warehouse.events as e
        where
            s.others >= %(min_events)s::bigint
            and e.team_id = f.team_id
            and e.event = f.event
            and e."timestamp" >= %(since)s::timestamptz
            and e."timestamp" < %(until)s::timestamptz
            and jsonb_typeof(e.properties -> f.property) not in (f.type, 'null')
    ) as l
where l.events > 0;
