-- The project's rows that are fine themselves go to quarantine, but for those that came through capture.
with withheld as (
    insert into staging.excluded (landing_id, kind, reasons)
    select
        e.landing_id,
        'quarantined' as kind,
        jsonb_build_array(%(reason)s::jsonb) as reasons
    from staging.event as e
    where
        e.team_id = any(%(team_ids)s::bigint[])
        and not e.is_captured
        and e.refusal is null
        and not exists (select from staging.excluded as x where x.landing_id = e.landing_id)
    returning landing_id
)

update staging.batch_project as p
set withheld = p.withheld + c.withheld
from (
    select
        e.team_id,
        count(*) as withheld
    from withheld as w
    inner join staging.event as e on w.landing_id = e.landing_id
    group by e.team_id
) as c
where p.team_id = c.team_id;
