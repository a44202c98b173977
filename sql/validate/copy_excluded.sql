-- The rows that failed a critical expectation.
copy staging.excluded (landing_id, kind, reasons) from stdin;
