-- Which of the remaining ordinary events gives each id its person, as in resolve/collect_births.sql: the first that
-- does so at once, and the first that is held, or would have been. By their own arrivals: whether one was held in the
-- end depends on batches.
with born as (
    select
        e.team_id,
        e.distinct_id,
        e.uuid,
        e.event,
        e."timestamp",
        e.xid,
        e.landing_id,
        e.received_at,
        e.batch_id,
        e.event <> '$identify'
        and not ops.is_exempt_from_hold(e.event, e.properties)
        and coalesce(e.properties -> '$device_id' <> to_jsonb(e.distinct_id), true) as is_hold
    from staging.withdrawn_id as i
    inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
    inner join landing.project as p on e.team_id = p.team_id
    where
        e.person_mode = 'full'
        and not ops.is_about_nobody(e.event)
        -- Personless unless its id has a person: it makes none.
        and not (p.flag_called_personless_default and ops.is_lone_flag_call(e.event, e.properties))
        and not exists (
            select from warehouse.merge as m
            where
                m.team_id = e.team_id and m.distinct_id = e.distinct_id and m.uuid = e.uuid and m.event = e.event
        )
    offset 0
)

select distinct on (b.team_id, b.distinct_id, b.is_hold)
    b.team_id,
    b.distinct_id,
    b.xid::text::bigint as xid,
    b.landing_id,
    b.is_hold,
    b.received_at + case when b.is_hold then make_interval(secs => o.hold_seconds) else interval '0' end as born_at,
    b."timestamp",
    b.uuid
from born as b
inner join ops.batch as o on b.batch_id = o.batch_id
order by b.team_id, b.distinct_id, b.is_hold, b.xid, b.landing_id;
