-- Projects whose rows of a batch were withheld, and how many of these still wait in quarantine.
select
    p.batch_id,
    b.loaded_at,
    p.team_id,
    p.written,
    p.refused,
    p.withheld,
    (
        select count(*)
        from quarantine.event as q
        where
            q.batch_id = p.batch_id
            and q.team_id = p.team_id
            and q.resolution is null
            and q.reasons -> 0 ->> 'expectation' = any(%(expectations)s::text[])
    ) as waiting
from ops.batch_project as p
inner join ops.batch as b on p.batch_id = b.batch_id
where p.withheld > 0 and b.loaded_at >= %(since)s::timestamptz
order by p.batch_id desc, p.team_id asc
limit 20;
