-- When each job last ran; one that never did counts from the first batch on.
select
    j.job,
    j.ran_at,
    j.ran_at is not null as has_run,
    extract(epoch from clock_timestamp() - coalesce(j.ran_at, b.first_at))::double precision as age_seconds
from (
    select
        n.job,
        r.ran_at
    from (values ('maintain'), ('watch')) as n (job)
    left join ops.job as r on n.job = r.job
) as j
cross join (select min(f.opened_at) as first_at from ops.batch as f) as b
order by j.job;
