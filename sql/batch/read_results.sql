-- What every expectation said of a batch.
select
    suite,
    expectation,
    type,
    "column",
    severity,
    is_success,
    unexpected,
    observed
from ops.expectation_result
where batch_id = %(batch_id)s::bigint
order by suite, expectation;
