-- Ids that gained a person, or another one by a split; one that was only personless so far becomes an ordinary one.
insert into warehouse.person_distinct_id (
    team_id, distinct_id, person_id, is_personless, tied_by_uuid, first_seen_at, updated_at
)
select
    d.team_id,
    d.distinct_id,
    d.person_id,
    false as is_personless,
    d.cause_uuid as tied_by_uuid,
    d.first_seen_at,
    now() as updated_at
from staging.distinct_id as d
where d.cause is not null
on conflict (team_id, distinct_id) do update
    set
        person_id = excluded.person_id,
        is_personless = false,
        tied_by_uuid = case
            when warehouse.person_distinct_id.is_personless then excluded.tied_by_uuid
            else warehouse.person_distinct_id.tied_by_uuid
        end,
        first_seen_at = least(excluded.first_seen_at, warehouse.person_distinct_id.first_seen_at),
        updated_at = excluded.updated_at;
