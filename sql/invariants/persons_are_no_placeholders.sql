-- No living person is named by what clients send by mistake.
select
    p.team_id,
    p.person_id,
    p.distinct_id
from warehouse.person as p
where p.merged_into is null and ops.is_illegal_distinct_id(p.distinct_id);
