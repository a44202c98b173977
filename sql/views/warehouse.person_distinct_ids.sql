-- Which person a distinct id belongs to now. Ids without a person are not listed.
create or replace view warehouse.person_distinct_ids as
select
    team_id,
    distinct_id,
    person_id,
    updated_at
from warehouse.person_distinct_id
where not is_personless;

comment on view warehouse.person_distinct_ids is
'Which person a distinct id belongs to now; ids without a person are not listed';
comment on column warehouse.person_distinct_ids.team_id is 'The project';
comment on column warehouse.person_distinct_ids.distinct_id is 'A user''s id, or a device''s';
comment on column warehouse.person_distinct_ids.person_id is 'The living person that it belongs to now';
comment on column warehouse.person_distinct_ids.updated_at is 'When its person last changed';

grant select on warehouse.person_distinct_ids to auditor;  -- noqa: PRS
