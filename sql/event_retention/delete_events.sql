-- Drop the events, with what that changes of the numbers and digests of their batches, and the days they were of.
with gone as (
    delete from warehouse.stored_event as e
    using staging.dropped_event as s
    where
        e."timestamp" >= %(since_at)s::timestamptz
        and e."timestamp" < %(until_at)s::timestamptz
        and e.team_id = s.team_id and e.distinct_id = s.distinct_id and e."timestamp" = s."timestamp"
        and e.landing_id = s.landing_id
    returning
        e.batch_id,
        (e."timestamp" at time zone 'UTC')::date as day,
        e.row_hash,
        ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp") as key_hash
),

amended as (
    insert into ops.amendment (batch_id, cause, loaded, digests)
    select
        g.batch_id,
        'retention' as cause,
        count(*) as loaded,
        jsonb_build_object('loaded', bit_xor(g.key_hash), 'events', bit_xor(g.row_hash)) as digests
    from gone as g
    group by g.batch_id
    order by g.batch_id
),

noted as (
    insert into ops.dropped_events (day, events, dropped_at)
    select
        g.day,
        count(*) as events,
        now() as dropped_at
    from gone as g
    group by g.day
    order by g.day
    on conflict (day) do update
        set
            events = ops.dropped_events.events + excluded.events,
            dropped_at = excluded.dropped_at
)

select count(*) as dropped
from gone;
