-- The batches that a suite looks at: those loaded since it looked last, or of these the newest that have `at_most`
-- events between them. No first one: nothing was loaded.
select
    min(f.batch_id) as first_batch_id,
    max(f.batch_id) as last_batch_id
from (
    select
        b.batch_id,
        sum(b.loaded) over (order by b.batch_id desc) - b.loaded as newer
    from ops.batch as b
    where
        b.status = 'loaded'
        and b.batch_id > coalesce(
            (select r.last_batch_id from ops.own_suite_run as r where r.suite = %(suite)s::text), 0
        )
) as f
where f.newer < %(at_most)s::bigint;
