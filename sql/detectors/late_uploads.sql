-- Sources of which many events arrive long after they happened: days that were over grow.
select
    f.team_id,
    f.source as subject,
    min(f.received_at) filter (where f.is_late) as since_at,
    max(f.received_at) filter (where f.is_late) as last_at,
    count(*) filter (where f.is_late) as events,
    count(distinct f.person_id) filter (where f.is_late) as users,
    format(
        '%%s %%%% of its events came more than %%s hours late, back to %%s',
        round(100.0 * count(*) filter (where f.is_late) / count(*)),
        %(late_hours)s::integer,
        to_char(min(f."timestamp") filter (where f.is_late) at time zone 'UTC', 'FMDD Mon')
    ) as detail,
    to_jsonb((array_agg(f.uuid order by f.received_at desc) filter (where f.is_late))[1:5]) as examples
from (
    select
        e.team_id,
        e.uuid,
        e.person_id,
        e.received_at,
        e."timestamp",
        ops.event_source(e.properties) as source,
        e.received_at > e."timestamp" + make_interval(hours => %(late_hours)s::integer) as is_late
    from warehouse.events as e
    where
        e.received_at >= %(since)s::timestamptz
        and e.received_at < %(until)s::timestamptz
        and e.batch_id >= (
            select coalesce(min(b.batch_id), 0)
            from ops.batch as b
            where b.status = 'loaded' and b.arrival_clock >= %(since)s::timestamptz
        )
) as f
group by f.team_id, f.source
having
    count(*) filter (where f.is_late) >= %(min_events)s::bigint
    and count(*) filter (where f.is_late) >= count(*) * %(min_share)s::double precision;
