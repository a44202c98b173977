-- One row an expectation.
copy staging.expectation_result (
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
) from stdin;
