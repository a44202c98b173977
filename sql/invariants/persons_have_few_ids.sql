-- No person has more than 500 distinct ids.
select
    m.team_id,
    m.person_id,
    count(*) as distinct_ids
from warehouse.person_distinct_id as m
where not m.is_personless
group by m.team_id, m.person_id
having count(*) > 500;
