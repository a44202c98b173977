-- The loaded ordinary events that give an id its person if no earlier one did, as in resolve/collect_births.sql: at
-- once, or held before. By their own arrivals: whether one was held in the end depends on batches.
create or replace view ops.birth as
select
    e.team_id,
    e.distinct_id,
    h.is_hold,
    e.xid,
    e.landing_id,
    e.received_at + case when h.is_hold then make_interval(secs => b.hold_seconds) else interval '0' end as born_at,
    e."timestamp",
    e.uuid
from warehouse.stored_event as e
inner join landing.project as p on e.team_id = p.team_id
inner join ops.batch as b on e.batch_id = b.batch_id
cross join
    lateral (
        select
            e.event <> '$identify'
            and not ops.is_exempt_from_hold(e.event, e.properties)
            and coalesce(e.properties -> '$device_id' <> to_jsonb(e.distinct_id), true) as is_hold
    ) as h
where
    e.person_mode = 'full'
    and not ops.is_about_nobody(e.event)
    -- Personless unless its id has a person: it makes none.
    and not (p.flag_called_personless_default and ops.is_lone_flag_call(e.event, e.properties))
    and not exists (
        select from warehouse.merge as m
        where
            m.team_id = e.team_id and m.distinct_id = e.distinct_id and m.uuid = e.uuid and m.event = e.event
    );

comment on view ops.birth is
'For the program: the loaded ordinary events that give an id its person where no earlier one did';
