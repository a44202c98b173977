-- Rows of projects that were withheld in the last day, of which some still wait in quarantine.
select
    w.batch_id,
    w.team_id,
    w.withheld,
    w.written,
    t.name as project
from ops.withheld_project as w
left join landing.project as t on w.team_id = t.team_id
where w.loaded_at > now() - interval '1 day' and w.waiting > 0
order by w.batch_id, w.team_id;
