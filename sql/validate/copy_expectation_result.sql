-- One row an expectation.
copy staging.expectation_result (
    batch_id, suite, expectation, type, "column", severity, is_success, evaluated, unexpected, examples
) from stdin;
