-- Before a cohort gets another list of distinct ids, or none.
delete from warehouse.cohort_distinct_id
where cohort_id = %(cohort_id)s::bigint;
