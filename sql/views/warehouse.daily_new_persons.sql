-- For analysts: persons by the day (UTC) they were created; merged ones count for their survivor only.
create or replace view warehouse.daily_new_persons as
select
    team_id,
    (created_at at time zone 'UTC')::date as day,
    count(*) as persons,
    count(*) filter (where is_identified) as identified_persons
from warehouse.person
where merged_into is null
group by team_id, (created_at at time zone 'UTC')::date;

grant select on warehouse.daily_new_persons to auditor;  -- noqa: PRS
