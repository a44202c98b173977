-- The list of a cohort; none of one with conditions.
select i.distinct_id
from warehouse.cohort_distinct_id as i
where i.cohort_id = %(cohort_id)s::bigint
order by i.distinct_id collate "C";
