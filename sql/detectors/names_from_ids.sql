-- Names of events that differ only in a number or an id.
select
    f.team_id,
    f.event as subject,
    l.since_at,
    l.last_at,
    l.events,
    l.users,
    format('%%s names', l.names) as detail,
    l.examples
from (
    select
        h.team_id,
        h.event,
        min(h.hour_at) as first_hour_at
    from ops.event_hour as h
    where
        h.hour_at > %(since)s::timestamptz - interval '1 hour'
        and h.hour_at < %(until)s::timestamptz
        and h.names >= 2
        and h.event like '%%<id>%%'
    group by h.team_id, h.event
) as f
cross join
    lateral (
        select
            min(e."timestamp") as since_at,
            max(e."timestamp") as last_at,
            count(*) as events,
            count(distinct e.person_id) as users,
            count(distinct e.event) as names,
            to_jsonb((array_agg(e.uuid order by e."timestamp" desc))[1:5]) as examples
        from warehouse.events as e
        where
            e.team_id = f.team_id
            and e."timestamp" >= greatest(f.first_hour_at, %(since)s::timestamptz)
            and e."timestamp" < %(until)s::timestamptz
            and e.event ~ '[0-9]'
            and ops.event_pattern(e.event) = f.event
    ) as l
where l.names >= %(min_names)s::bigint;
