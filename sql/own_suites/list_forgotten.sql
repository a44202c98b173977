-- Results of expectations that are no longer there.
select
    c.suite,
    c.expectation
from ops.check_result as c
where
    c.suite like '%%/%%'
    and not exists (
        select
        from unnest(%(suites)s::text[], %(expectations)s::text[]) as t (suite, expectation)
        where c.suite = t.suite and c.expectation = t.expectation
    );
