-- Projects whose rows of a batch were withheld, and how many of these still wait in quarantine.
select *
from ops.withheld_project
where loaded_at >= %(since)s::timestamptz
order by batch_id desc, team_id asc
limit 20;
