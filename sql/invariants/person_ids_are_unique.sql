-- No two persons have the same id.
select
    p.team_id,
    p.person_id,
    count(*) as persons,
    min(p.distinct_id) as first_distinct_id,
    max(p.distinct_id) as last_distinct_id
from warehouse.person as p
group by p.team_id, p.person_id
having count(*) > 1;
