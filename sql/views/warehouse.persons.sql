-- The persons, merged ones too: merged_into says which person they became. created_at is the time of the event that
-- made the person; first_seen_at that of its earliest one, whatever arrived first, null where its ids are another's.
create or replace view warehouse.persons as
select
    p.team_id,
    p.person_id,
    p.is_identified,
    p.created_at,
    (
        select min(d.first_seen_at)
        from warehouse.person_distinct_id as d
        where d.team_id = p.team_id and d.person_id = p.person_id and not d.is_personless
    ) as first_seen_at,
    p.properties,
    p.merged_into,
    p.updated_at
from warehouse.person as p;

comment on view warehouse.persons is
'The persons; living ones have no merged_into. dbt and others that ask how fresh it is use updated_at';
comment on column warehouse.persons.team_id is 'The project';
comment on column warehouse.persons.person_id is
'The person''s id, made from the distinct id that it began with (UUIDv5), so that it is the same in every rebuild';
comment on column warehouse.persons.is_identified is
'A merging event or a split has said who it is, so no later $identify or alias merges it away';
comment on column warehouse.persons.created_at is
'The time of the event that made the person, which need not be its earliest';
comment on column warehouse.persons.first_seen_at is
'The time of its earliest event, also one imported later; null: its ids are another''s by now, or have no event';
comment on column warehouse.persons.properties is 'What its events have set, the newest by event time';
comment on column warehouse.persons.merged_into is
'The living person that it has become, never a chain; null: it lives';
comment on column warehouse.persons.updated_at is 'When a batch last changed it, first_seen_at aside';

grant select on warehouse.persons to auditor;  -- noqa: PRS
