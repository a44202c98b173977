-- Ids used without a person for the first time, remembered so that a later merge can claim their rows.
insert into warehouse.person_distinct_id (
    team_id, distinct_id, person_id, is_personless, tied_by_uuid, first_seen_at, updated_at
)
-- One join of all ids with all events: to look up the first event of each id would read every event once for each id.
select distinct on (p.team_id, p.distinct_id)
    p.team_id,
    p.distinct_id,
    p.person_id,
    true as is_personless,
    e.uuid as tied_by_uuid,
    d.first_seen_at,
    now() as updated_at
from staging.implied_person as p
inner join staging.distinct_id as d on p.team_id = d.team_id and p.distinct_id = d.distinct_id
inner join staging.accepted_event as e on p.team_id = e.team_id and p.distinct_id = e.distinct_id
where p.is_personless and e.is_personless and not ops.is_about_nobody(e.event)
order by p.team_id, p.distinct_id, e.ordinal;
