-- How many persons belong to a cohort now.
select count(*) as persons
from warehouse.cohort_members as m
where m.cohort_id = %(cohort_id)s::bigint;
