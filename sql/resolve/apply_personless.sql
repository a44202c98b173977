-- Personless rows carry the id that their distinct id's person would have (PostHog: process-personless-step.ts).
update staging.distinct_id
set personless_person_id = p.person_id
from staging.personless as p
where staging.distinct_id.team_id = p.team_id and staging.distinct_id.distinct_id = p.distinct_id;
