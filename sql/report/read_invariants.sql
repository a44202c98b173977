-- Every check of the whole warehouse as it was last made, what failed first.
select
    c.suite,
    c.expectation,
    c.severity,
    c.is_success,
    c.unexpected,
    c.reason,
    c.remedy,
    c.checked_at,
    ops.json_excerpt(c.examples, 300) as examples
from ops.check_result as c
where
    c.suite in ('warehouse', 'person')
    and c.day = (select max(n.day) from ops.check_result as n where n.suite = c.suite)
order by c.is_success asc, c.suite desc, c.expectation asc;
