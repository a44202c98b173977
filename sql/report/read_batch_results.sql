-- What the gate found in one batch, failures first.
select
    r.suite,
    r.expectation,
    r."column",
    r.severity,
    r.is_success,
    r.evaluated,
    r.unexpected
from ops.expectation_result as r
where r.batch_id = %(batch_id)s::bigint
order by r.is_success, r.suite, r.expectation;
