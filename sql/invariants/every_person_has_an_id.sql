-- Every living person has a distinct id.
select
    p.team_id,
    p.person_id,
    p.distinct_id
from warehouse.person as p
where
    p.merged_into is null
    and not exists (
        select from warehouse.person_distinct_id as m
        where m.team_id = p.team_id and m.person_id = p.person_id and not m.is_personless
    );
