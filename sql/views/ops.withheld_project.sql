-- Projects whose rows of a batch were withheld, and how many of these still wait in quarantine. A withheld row has one
-- reason: an expectation of expectations/project.json that its project failed in that batch.
create or replace view ops.withheld_project as
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
            and exists (
                select
                from ops.expectation_result as r
                where
                    r.batch_id = p.batch_id
                    and r.suite = 'project'
                    and r.expectation = q.reasons -> 0 ->> 'expectation'
            )
    ) as waiting
from ops.batch_project as p
inner join ops.batch as b on p.batch_id = b.batch_id
where p.withheld > 0;

comment on view ops.withheld_project is
'Projects whose rows of a batch were withheld, and how many of these still wait in quarantine';

grant select on ops.withheld_project to auditor;
