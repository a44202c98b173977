-- An alternative of a cohort.
insert into warehouse.cohort_alternative (cohort_id, needed, excluded)
values (%(cohort_id)s::bigint, %(needed)s::bigint[], %(excluded)s::bigint[]);
