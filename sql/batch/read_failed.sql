-- The expectations that a batch failed: of its record, or of its plan while it is open.
select
    r.suite,
    r.expectation,
    r.severity,
    r.evaluated,
    r.unexpected,
    r.observed,
    r.examples,
    r.reason,
    r.remedy
from (
    select *
    from ops.expectation_result
    union
    select *
    from staging.expectation_result
) as r
where r.batch_id = %(batch_id)s::bigint and not r.is_success
order by r.severity, r.suite, r.expectation;
