-- Rows of projects that were withheld in the last day, of which some still wait in quarantine.
select
    p.batch_id,
    p.team_id,
    p.withheld,
    p.written,
    t.name as project
from ops.batch_project as p
inner join ops.batch as b on p.batch_id = b.batch_id
left join landing.project as t on p.team_id = t.team_id
where
    p.withheld > 0
    and b.loaded_at > now() - interval '1 day'
    and exists (
        select
        from quarantine.event as q
        where
            q.batch_id = p.batch_id
            and q.team_id = p.team_id
            and q.resolution is null
            and q.reasons -> 0 ->> 'expectation' = any(%(expectations)s::text[])
    )
order by p.batch_id, p.team_id;
