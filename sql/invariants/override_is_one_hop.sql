-- Every override leads from a person that is no more to one that lives: never to another override.
select
    o.team_id,
    o.old_person_id,
    o.person_id
from warehouse.person_override as o
left join warehouse.person as p on o.team_id = p.team_id and o.person_id = p.person_id
left join warehouse.person as q on o.team_id = q.team_id and o.old_person_id = q.person_id
where p.person_id is null or p.merged_into is not null or (q.person_id is not null and q.merged_into is null);
