-- Suites of the user's own that could not be evaluated, or not all of them, when they were read last.
select
    0 as team_id,
    c.suite as subject,
    c.checked_at as since_at,
    c.checked_at as last_at,
    null::bigint as events,
    null::bigint as users,
    c.examples ->> 0 as detail,
    '[]'::jsonb as examples
from (
    select distinct on (k.suite) k.*
    from ops.check_result as k
    where k.suite like '%%/%%' and k.expectation = 'can_be_evaluated' and k.checked_at >= %(since)s::timestamptz
    order by k.suite asc, k.day desc
) as c
where not c.is_success;
