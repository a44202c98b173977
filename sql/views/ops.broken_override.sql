-- Overrides that lead nowhere, or further than one hop.
-- One text: maintenance reads all of it, load what its batch touched.
create or replace view ops.broken_override as
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

grant select on ops.broken_override to auditor;
