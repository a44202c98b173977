-- The enabled cohorts that ask for an action.
select distinct c.name
from warehouse.cohort_condition as k
inner join warehouse.cohort as c on k.cohort_id = c.cohort_id
where k.action_id = %(action_id)s::bigint
order by c.name;
