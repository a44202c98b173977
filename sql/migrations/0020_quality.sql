-- Quality: what contradicts a promise about persons, in one text each. Maintenance reads all of it, load what its batch
-- touched.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create view ops.distinct_id_without_person as
select
    m.team_id,
    m.distinct_id,
    m.person_id,
    p.merged_into
from warehouse.person_distinct_id as m
left join warehouse.person as p on m.team_id = p.team_id and m.person_id = p.person_id
where not m.is_personless and (p.person_id is null or p.merged_into is not null);

comment on view ops.distinct_id_without_person is
'Distinct ids whose person does not exist, or was merged away: none, ever';

create view ops.broken_override as
select
    o.team_id,
    o.old_person_id,
    o.person_id
from warehouse.person_override as o
left join warehouse.person as p on o.team_id = p.team_id and o.person_id = p.person_id
left join warehouse.person as q on o.team_id = q.team_id and o.old_person_id = q.person_id
where p.person_id is null or p.merged_into is not null or (q.person_id is not null and q.merged_into is null);

comment on view ops.broken_override is
'Overrides that do not lead in one hop from a person that is no more to one that lives: none, ever';

grant select on ops.distinct_id_without_person, ops.broken_override to auditor;
