-- Readers plan by the number of conditions from the commit on, not from when autovacuum comes by.
analyze warehouse.cohort, warehouse.cohort_condition, warehouse.cohort_alternative, warehouse.cohort_distinct_id;
