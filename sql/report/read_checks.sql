-- Checks of a whole day or of the whole warehouse that failed, of the newest day that each suite was run for.
select
    c.day,
    c.suite,
    c.expectation,
    c.severity,
    c.unexpected,
    c.reason,
    c.remedy,
    ops.json_excerpt(c.examples, 300) as examples
from ops.check_result as c
where
    not c.is_success
    and c.day >= %(since)s::date
    and c.day = (select max(n.day) from ops.check_result as n where n.suite = c.suite)
order by c.severity, c.suite, c.expectation
limit 100;
