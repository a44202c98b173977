-- Ids used without a person for the first time, remembered so that a later merge can claim their rows.
insert into warehouse.person_distinct_id (team_id, distinct_id, person_id, is_personless, tied_by_uuid, updated_at)
select
    p.team_id,
    p.distinct_id,
    p.person_id,
    true as is_personless,
    e.uuid as tied_by_uuid,
    now() as updated_at
from staging.implied_person as p
inner join lateral (
    select s.uuid
    from staging.accepted_event as s
    where s.team_id = p.team_id and s.distinct_id = p.distinct_id and s.is_personless
    order by s.ordinal
    limit 1
) as e on true
where p.is_personless;
