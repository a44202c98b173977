-- For analysts: persons by the day (UTC) of their earliest event, whatever arrived first; merged ones count for their
-- survivor only. Of a person that has no event by itself, left by a split, the day it was created.
create or replace view warehouse.daily_new_persons as
select
    n.team_id,
    (n.first_seen_at at time zone 'UTC')::date as day,
    count(*) as persons,
    count(*) filter (where n.is_identified) as identified_persons
from (
    select
        p.team_id,
        p.is_identified,
        coalesce(f.first_seen_at, p.created_at) as first_seen_at
    from warehouse.person as p
    left join (
        select
            d.team_id,
            d.person_id,
            min(d.first_seen_at) as first_seen_at
        from warehouse.person_distinct_id as d
        where not d.is_personless
        group by d.team_id, d.person_id
    ) as f on p.team_id = f.team_id and p.person_id = f.person_id
    where p.merged_into is null
) as n
group by n.team_id, (n.first_seen_at at time zone 'UTC')::date;

comment on view warehouse.daily_new_persons is
'New persons by the day of their earliest event, whatever arrived first; merged ones count once, for the person that '
'they became';
comment on column warehouse.daily_new_persons.team_id is 'The project';
comment on column warehouse.daily_new_persons.day is
'Day of the person''s earliest event, UTC; of a person without events, left by a split, the day it was made';
comment on column warehouse.daily_new_persons.persons is 'Living persons first seen on that day';
comment on column warehouse.daily_new_persons.identified_persons is
'Of these: a merging event or a split has said who they are';

grant select on warehouse.daily_new_persons to auditor;  -- noqa: PRS
