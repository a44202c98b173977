-- Every result of the user's own suites as it was last, what failed first.
select
    c.suite,
    c.expectation,
    c.severity,
    c.is_success,
    c.evaluated,
    c.unexpected,
    c.observed,
    c.reason,
    c.checked_at,
    ops.json_excerpt(c.examples, 300) as examples
from (
    select distinct on (k.suite, k.expectation) k.*
    from ops.check_result as k
    where k.suite like '%%/%%'
    order by k.suite asc, k.expectation asc, k.day desc
) as c
order by c.is_success, c.suite, c.expectation
limit 200;
