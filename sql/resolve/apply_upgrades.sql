-- Sent as personless, but its id has had a person for over a minute: the row shows that person's properties
-- (PostHog: process-personless-step.ts).
update staging.event
set person_mode = 'force_upgrade'
from staging.distinct_id as d
left join staging.person as n on d.team_id = n.team_id and d.person_id = n.person_id
left join warehouse.person as p on d.team_id = p.team_id and d.person_id = p.person_id
where
    staging.event.may_upgrade
    and staging.event.team_id = d.team_id
    and staging.event.distinct_id = d.distinct_id
    and staging.event."timestamp" > coalesce(n.created_at, p.created_at) + interval '1 minute';
