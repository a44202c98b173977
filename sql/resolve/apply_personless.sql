-- Personless rows carry the id that their distinct id's person would have (PostHog: process-personless-step.ts).
update staging.distinct_id
set personless_person_id = i.person_id
from staging.implied_person as i
where
    i.is_personless
    and staging.distinct_id.team_id = i.team_id
    and staging.distinct_id.distinct_id = i.distinct_id;
