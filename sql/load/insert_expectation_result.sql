-- The results of the gate become part of the record.
insert into ops.expectation_result (
    batch_id,
    suite,
    expectation,
    type,
    "column",
    severity,
    is_success,
    evaluated,
    unexpected,
    observed,
    examples,
    reason,
    remedy
)
select
    batch_id,
    suite,
    expectation,
    type,
    "column",
    severity,
    is_success,
    evaluated,
    unexpected,
    observed,
    examples,
    reason,
    remedy
from staging.expectation_result;
