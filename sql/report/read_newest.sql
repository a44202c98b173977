-- How far the warehouse is and how far the summaries are; what is held just now.
select
    s.batch_id as summed_batch_id,
    b.batch_id,
    b.loaded_at,
    b.landed,
    b.loaded,
    b.as_of,
    t.batches,
    t.held,
    (select count(*) from ops.erasure) + (select count(*) from ops.removed_project) as erasures,
    clock_timestamp() as clock
from ops.report_state as s
left join lateral (
    select n.*
    from ops.batch as n
    where n.status = 'loaded'
    order by n.batch_id desc
    limit 1
) as b on true
cross join lateral (
    select
        count(*) as batches,
        coalesce(sum(a.held) - sum(a.released), 0)::bigint as held
    from ops.batch as a
    where a.status = 'loaded'
) as t;
