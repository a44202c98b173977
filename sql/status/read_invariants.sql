-- What the newest check of the whole warehouse found broken.
select
    c.expectation,
    c.unexpected,
    c.reason,
    c.remedy,
    c.checked_at
from ops.check_result as c
where
    c.day = (select max(n.day) from ops.check_result as n where n.suite = c.suite)
    and c.suite in ('warehouse', 'person')
    and c.severity = 'critical'
    and not c.is_success
order by c.expectation;
