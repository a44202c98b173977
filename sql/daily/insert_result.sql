-- The result of a check that looks at a day, or at the whole warehouse on a day.
insert into ops.check_result (
    day, suite, expectation, severity, is_success, evaluated, unexpected, observed, examples, reason, remedy, checked_at
)
values (
    %(day)s::date,
    %(suite)s,
    %(expectation)s,
    %(severity)s,
    %(is_success)s,
    %(evaluated)s,
    %(unexpected)s,
    %(observed)s,
    %(examples)s::jsonb,
    %(reason)s,
    %(remedy)s,
    now()
)
on conflict (day, suite, expectation) do update
    set
        severity = excluded.severity,
        is_success = excluded.is_success,
        evaluated = excluded.evaluated,
        unexpected = excluded.unexpected,
        observed = excluded.observed,
        examples = excluded.examples,
        reason = excluded.reason,
        remedy = excluded.remedy,
        checked_at = excluded.checked_at;
