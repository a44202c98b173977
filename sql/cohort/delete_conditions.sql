-- Before a cohort gets other conditions, or none: its alternatives and conditions.
with alternatives as (
    delete from warehouse.cohort_alternative
    where cohort_id = %(cohort_id)s::bigint
)

delete from warehouse.cohort_condition
where cohort_id = %(cohort_id)s::bigint;
