-- What stands in rows until maintenance has folded it away.
update warehouse.person_override as o
set
    old_person_id = i.person_id,
    person_id = coalesce(s.person_id, o.person_id)
from staging.erased_id as i
inner join warehouse.person_override as p on i.team_id = p.team_id and i.former_person_id = p.old_person_id
left join staging.erased_id as s on p.team_id = s.team_id and p.person_id = s.former_person_id
where o.team_id = i.team_id and o.old_person_id = i.former_person_id;
