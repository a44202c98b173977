-- Every distinct id that has a person has one that exists and was not merged away.
select
    m.team_id,
    m.distinct_id,
    m.person_id,
    p.merged_into
from warehouse.person_distinct_id as m
left join warehouse.person as p on m.team_id = p.team_id and m.person_id = p.person_id
where not m.is_personless and (p.person_id is null or p.merged_into is not null);
