-- Properties that nearly all events of a name had on the days before, and the newest have not.
select
    f.team_id,
    f.event as subject,
    l.since_at,
    l.last_at,
    l.events,
    l.users,
    format('no longer sent: %%s', string_agg(f.property, ', ' order by f.property)) as detail,
    l.examples
from (
    select
        p.team_id,
        p.event,
        p.property
    from (
        select
            d.day,
            d.team_id,
            d.event,
            d.property,
            sum(d.events) as events,
            max(d.sampled) as sampled
        from ops.property_day as d
        where
            d.day >= (%(since)s::timestamptz at time zone 'UTC')::date - 7
            and d.day < (%(since)s::timestamptz at time zone 'UTC')::date
            and d.property <> '$device_id'
        group by d.day, d.team_id, d.event, d.property
    ) as p
    cross join
        lateral (
            select
                count(*) as events,
                count(*) filter (where not e.properties ? p.property) as lacking
            from (
                select n.properties
                from warehouse.stored_event as n
                where
                    n.team_id = p.team_id
                    and n.event = p.event
                    and n."timestamp" >= %(since)s::timestamptz
                    and n."timestamp" < %(until)s::timestamptz
                order by n."timestamp" desc
                limit 100
            ) as e
        ) as s
    group by p.team_id, p.event, p.property, s.events, s.lacking
    having
        count(*) >= 2
        and sum(p.events) >= sum(p.sampled) * %(min_usual_share)s::double precision
        and s.lacking >= %(min_events)s::bigint
        and s.lacking >= s.events * %(min_share)s::double precision
) as f
cross join
    lateral (
        select
            min(e."timestamp") as since_at,
            max(e."timestamp") as last_at,
            count(*) as events,
            count(distinct e.person_id) as users,
            to_jsonb((array_agg(e.uuid order by e."timestamp" desc))[1:5]) as examples
        from warehouse.events as e
        where
            e.team_id = f.team_id
            and e.event = f.event
            and e."timestamp" >= %(since)s::timestamptz
            and e."timestamp" < %(until)s::timestamptz
            and not e.properties ? f.property
    ) as l
group by f.team_id, f.event, l.since_at, l.last_at, l.events, l.users, l.examples;
