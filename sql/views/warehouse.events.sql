-- The events, each with its person as of now. What a reader starts from. Only a $groupidentify may have none: its id is
-- looked up here, so that a person born later is its person too.
create or replace view warehouse.events as
select
    e.team_id,
    e.uuid,
    e.event,
    e.distinct_id,
    coalesce(
        o.person_id,
        e.person_id,
        (
            select d.person_id
            from warehouse.person_distinct_id as d
            where d.team_id = e.team_id and d.distinct_id = e.distinct_id
        )
    ) as person_id,
    e."timestamp",
    e.properties,
    -- Which group of each type the event belongs to: type -> key.
    e.properties -> '$groups' as groups,
    e.elements_chain,
    e.person_id as person_id_at_load,
    e.person_mode,
    e.ip,
    e.sent_at,
    e.received_at,
    e.batch_id,
    e.landing_id
from warehouse.stored_event as e
left join warehouse.person_override as o
    on e.team_id = o.team_id and e.person_id = o.old_person_id
-- What the open batch has written ahead appears when it is closed, all at once.
where e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open');

grant select on warehouse.events to auditor;  -- noqa: PRS
