-- Warnings of every step, also of events that the buffer has just released; a quarantined or duplicate row keeps only
-- the warning that says so.
insert into ops.warning (team_id, distinct_id, uuid, landing_id, batch_id, type, details, remedy)
select
    e.team_id,
    e.distinct_id,
    e.uuid,
    w.landing_id,
    %(batch_id)s::bigint as batch_id,
    w.type,
    w.details,
    w.remedy
from staging.warning as w
inner join (
    select
        s.landing_id,
        s.team_id,
        s.distinct_id,
        s.uuid::text as uuid
    from staging.event as s
    union all
    select
        r.landing_id,
        r.team_id,
        r.distinct_id,
        r.uuid::text as uuid
    from buffer.released_event as r
    where r.released_by_batch_id = %(batch_id)s::bigint
) as e on w.landing_id = e.landing_id
where
    w.type in ('duplicate_with_other_payload', 'client_ingestion_warning')
    or not exists (select from staging.excluded as x where x.landing_id = w.landing_id)
on conflict (landing_id, type) do nothing;
