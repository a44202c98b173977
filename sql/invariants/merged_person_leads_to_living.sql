-- Every merged person names a person that lives.
select
    p.team_id,
    p.person_id,
    p.merged_into
from warehouse.person as p
left join warehouse.person as s on p.team_id = s.team_id and p.merged_into = s.person_id
where p.merged_into is not null and (s.person_id is null or s.merged_into is not null);
