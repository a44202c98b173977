-- Lists of cohorts. Where one has two ids of the person, it has two afterwards, too.
update warehouse.cohort_distinct_id as c
set distinct_id = i.distinct_id
from staging.erased_id as i, warehouse.cohort as n
where c.cohort_id = n.cohort_id and n.team_id = i.team_id and c.distinct_id = i.former_distinct_id;
