-- The events of each enabled action, with their persons as of now: worked out while reading, so an action that is added
-- or changed is right for past events too. An event belongs to an action once, however many of its steps it meets.
create or replace view warehouse.action_events as
select
    e.team_id,
    e.action_id,
    e.action,
    e.uuid,
    e.event,
    e.distinct_id,
    e.person_id,
    e."timestamp",
    e.properties
from (
    -- Of the names that its steps have, by the index on names.
    select
        n.action_id,
        n.action,
        e.team_id,
        e.uuid,
        e.event,
        e.distinct_id,
        e.person_id,
        e."timestamp",
        e.properties,
        e.elements_chain
    from (
        select distinct
            a.team_id,
            a.action_id,
            a.name as action,
            s.event
        from warehouse.action as a
        inner join warehouse.action_step as s on a.action_id = s.action_id
        where a.is_enabled and s.event is not null
    ) as n
    inner join warehouse.events as e on n.team_id = e.team_id and n.event = e.event
    union all
    -- Of any other name, where it has a step for each.
    select
        a.action_id,
        a.name as action,
        e.team_id,
        e.uuid,
        e.event,
        e.distinct_id,
        e.person_id,
        e."timestamp",
        e.properties,
        e.elements_chain
    from warehouse.action as a
    inner join warehouse.events as e on a.team_id = e.team_id
    where
        a.is_enabled
        and exists (select from warehouse.action_step as s where s.action_id = a.action_id and s.event is null)
        and not exists (select from warehouse.action_step as s where s.action_id = a.action_id and s.event = e.event)
) as e
left join warehouse.matched_chain as c on c.chain_hash = hashtextextended(e.elements_chain collate "C", 0)
where exists (
    select
    from warehouse.action_step as s
    where
        s.action_id = e.action_id
        and (s.event is null or s.event = e.event)
        and (not s.has_elements or s.step_id = any(c.step_ids))
        and (s.url is null or ops.url_matches(e.properties ->> '$current_url', s.url, s.url_matching))
        and (
            not s.has_event_filters
            or not exists (
                select
                from warehouse.action_filter as f
                where
                    f.step_id = s.step_id
                    and not f.is_of_person
                    and not ops.meets_filter(e.properties ->> f.key, f.operator, f.texts, f.numbers)
            )
        )
        and (
            not s.has_person_filters
            or not exists (
                select
                from warehouse.action_filter as f
                left join warehouse.person as p on p.team_id = e.team_id and p.person_id = e.person_id
                where
                    f.step_id = s.step_id
                    and f.is_of_person
                    and not ops.meets_filter(p.properties ->> f.key, f.operator, f.texts, f.numbers)
            )
        )
);

comment on view warehouse.action_events is
'The events of each enabled action, once each, with their persons as of now; a changed action changes past events too';
comment on column warehouse.action_events.team_id is 'The project';
comment on column warehouse.action_events.action_id is 'The action''s number';
comment on column warehouse.action_events.action is 'The action''s name';
comment on column warehouse.action_events.uuid is 'The event''s uuid; with team_id, distinct_id and event unique';
comment on column warehouse.action_events.event is 'The event''s name';
comment on column warehouse.action_events.distinct_id is 'Whose event it is, as sent';
comment on column warehouse.action_events.person_id is 'The person as of now, right from the commit of a merge';
comment on column warehouse.action_events."timestamp" is 'When it happened, by the client''s clock corrected, UTC';
comment on column warehouse.action_events.properties is 'The event''s properties, as in warehouse.events';

grant select on warehouse.action_events to auditor;  -- noqa: PRS
