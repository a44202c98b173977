-- The results of the gate become part of the record.
insert into ops.expectation_result (
    batch_id, suite, expectation, type, "column", severity, is_success, evaluated, unexpected, examples
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
    examples
from staging.expectation_result;
