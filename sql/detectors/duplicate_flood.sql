-- Batches of which a large part repeats events that are loaded already; named after who sent most of their rows.
select
    s.team_id,
    s.source as subject,
    min(f.began_at) as since_at,
    max(f.arrival_clock) as last_at,
    sum(f.duplicate)::bigint as events,
    null::bigint as users,
    format('%%s of %%s rows in %%s batches', sum(f.duplicate), sum(f.landed), count(*)) as detail,
    '[]'::jsonb as examples
from (
    select
        b.*,
        (
            select min(l.received_at)
            from landing.event as l
            where
                (l.xid, l.landing_id) > (b.lower_xid, b.lower_landing_id)
                and (l.xid, l.landing_id) <= (b.upper_xid, b.upper_landing_id)
        ) as began_at
    from ops.batch as b
    where
        b.status = 'loaded'
        and b.arrival_clock >= %(since)s::timestamptz
        and b.arrival_clock <= %(until)s::timestamptz
        and b.duplicate >= %(min_events)s::bigint
        and b.duplicate >= b.landed * %(min_share)s::double precision
) as f
cross join
    lateral (
        select
            l.team_id,
            ops.event_source(l.properties) as source
        from landing.event as l
        where
            (l.xid, l.landing_id) > (f.lower_xid, f.lower_landing_id)
            and (l.xid, l.landing_id) <= (f.upper_xid, f.upper_landing_id)
        group by l.team_id, ops.event_source(l.properties)
        order by count(*) - count(distinct l.uuid) desc, count(*) desc
        limit 1
    ) as s
group by s.team_id, s.source;
