-- The list of a cohort.
insert into warehouse.cohort_distinct_id (cohort_id, distinct_id)
select
    %(cohort_id)s::bigint as cohort_id,
    i.distinct_id
from unnest(%(distinct_ids)s::text[]) as i (distinct_id);
