-- All results of a batch's expectations as one value.
create or replace function ops.results_digest(of_batch_id bigint)
returns text
language sql
stable
as $$
select md5(coalesce(
    string_agg(
        concat_ws(
            '|', r.suite, r.expectation, r.severity, r.is_success, r.evaluated, r.unexpected,
            coalesce(r.observed::text, '-'), r.examples, coalesce(r.reason, '-')
        ), e'\n' order by r.suite collate "C", r.expectation collate "C"
    ), ''
))
from ops.expectation_result as r
where r.batch_id = of_batch_id
$$;
