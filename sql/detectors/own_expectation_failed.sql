-- What expectations of the user's own suites found when they were asked last. A warning or worse; `info` is only kept.
select
    0 as team_id,
    c.suite || ' ' || c.expectation as subject,
    c.checked_at as since_at,
    c.checked_at as last_at,
    null::bigint as events,
    null::bigint as users,
    format(
        '%%s; %%s',
        c.severity,
        case
            when c.expectation like 'unexpected_rows_expectation%%' then format('%%s rows', c.unexpected)
            when c.unexpected > 0 then format('%%s of %%s', c.unexpected, c.evaluated)
            when c.observed is not null then format('observed %%s', c.observed)
            else 'the whole is not as expected'
        end
    ) as detail,
    (
        select jsonb_agg(x.example ->> 'uuid' order by x.place)
        from jsonb_array_elements(c.examples) with ordinality as x (example, place)
        where c.suite like 'rows/%%' and x.example ? 'uuid' and x.place <= 5
    ) as examples
from (
    select distinct on (k.suite, k.expectation) k.*
    from ops.check_result as k
    where k.suite like '%%/%%' and k.expectation <> 'can_be_evaluated' and k.checked_at >= %(since)s::timestamptz
    order by k.suite asc, k.expectation asc, k.day desc
) as c
where not c.is_success and c.severity in ('critical', 'warning');
