-- A source whose events carried a $device_id, and now many do not: each such browser or phone counts as new ones.
select
    f.team_id,
    f.source as subject,
    l.since_at,
    l.last_at,
    l.events,
    l.users,
    format('%%s %%%% of its events lack it; before, %%s %%%% did', f.percent, f.usual_percent) as detail,
    l.examples
from (
    select
        h.team_id,
        h.source,
        min(h.hour_at) filter (where h.is_new and h.without_device > 0) as first_hour_at,
        round(100.0 * sum(h.without_device) filter (where h.is_new) / sum(h.events) filter (where h.is_new)) as percent,
        round(
            100.0 * sum(h.without_device) filter (where not h.is_new) / sum(h.events) filter (where not h.is_new)
        ) as usual_percent
    from (
        select
            n.*,
            n.hour_at >= %(since)s::timestamptz as is_new
        from ops.event_hour as n
        where
            n.hour_at >= %(since)s::timestamptz - interval '14 days'
            and n.hour_at < %(until)s::timestamptz
            and n.event = ''
            and n.events > 0
    ) as h
    group by h.team_id, h.source
    having
        sum(h.without_device) filter (where h.is_new) >= %(min_events)s::bigint
        and sum(h.without_device) filter (where h.is_new)
        >= sum(h.events) filter (where h.is_new) * %(min_share)s::double precision
        and sum(h.without_device) filter (where not h.is_new)
        <= sum(h.events) filter (where not h.is_new) * %(max_usual_share)s::double precision
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
            and e."timestamp" >= greatest(f.first_hour_at, %(since)s::timestamptz)
            and e."timestamp" < %(until)s::timestamptz
            and ops.event_source(e.properties) = f.source
            and not e.properties ? '$device_id'
    ) as l;
