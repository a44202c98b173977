-- The events, each with its person as of now. What a reader starts from. A $groupidentify may have none: its id is
-- looked up here, so that a person born later is its person too. The $split of an operator has none, because nobody was
-- active by it.
create or replace view warehouse.events as
select
    e.team_id,
    e.uuid,
    e.event,
    e.distinct_id,
    case
        when e.event <> '$split'
            then
                coalesce(
                    o.person_id,
                    e.person_id,
                    (
                        select d.person_id
                        from warehouse.person_distinct_id as d
                        where d.team_id = e.team_id and d.distinct_id = e.distinct_id
                    )
                )
    end as person_id,
    e."timestamp",
    e.properties,
    -- Which group of each type the event belongs to: type -> key.
    e.properties -> '$groups' as groups,
    e.elements_chain,
    case when e.event <> '$split' then e.person_id end as person_id_at_load,
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

comment on view warehouse.events is
'One row an event, with its person as of now; right from the commit of a merge. Bound timestamp by a range, and only '
'those days are read';
comment on column warehouse.events.team_id is 'The project';
comment on column warehouse.events.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.events.event is 'The event''s name';
comment on column warehouse.events.distinct_id is 'Whose event it is, as sent: a user''s id, or a device''s';
comment on column warehouse.events.person_id is
'The living person that the event belongs to now; null: an event about nobody ($groupidentify, $withdraw_file, $erase) '
'whose id has no person, or a $split, by which nobody was active';
comment on column warehouse.events."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.events.properties is
'As sent, without what has a column of its own (elements) or must not be kept: an address that the project refuses, '
'what a personless event says of persons and groups';
comment on column warehouse.events.groups is
'Which group of each type it belongs to: an object, type -> key; null where it names none';
comment on column warehouse.events.elements_chain is
'The clicked elements of an $autocapture from the innermost out, as PostHog writes them; null where there are none';
comment on column warehouse.events.person_id_at_load is
'The person that the row was loaded with, or had when maintenance last wrote merges into the rows; null: none';
comment on column warehouse.events.person_mode is
'full: processed with a person; propertyless: sent personless, changes no person; force_upgrade: sent personless '
'although its id had had a person for over a minute';
comment on column warehouse.events.ip is 'The client''s address; null unless the project keeps addresses';
comment on column warehouse.events.sent_at is
'When the client sent it, by its own clock and as it wrote it; null where it did not say';
comment on column warehouse.events.received_at is 'When the event arrived in landing, by the server''s clock';
comment on column warehouse.events.batch_id is 'The batch that loaded it: ops.batch';
comment on column warehouse.events.landing_id is 'Its row in landing.event, increasing by arrival';

grant select on warehouse.events to auditor;  -- noqa: PRS
