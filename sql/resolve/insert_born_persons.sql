-- Persons that ordinary events give birth to. Where both kinds are due the earlier one does; at one moment the one
-- that arrived first, so the one that was held.
insert into staging.person (
    team_id, person_id, distinct_id, is_new, is_identified, created_at, merged_into, created_by_uuid
)
select distinct on (i.team_id, i.distinct_id)
    i.team_id,
    i.person_id,
    i.distinct_id,
    true as is_new,
    false as is_identified,
    b."timestamp" as created_at,
    null::uuid as merged_into,
    b.uuid as created_by_uuid
from staging.implied_person as i
inner join staging.birth as b on i.team_id = b.team_id and i.distinct_id = b.distinct_id
where
    not i.is_personless
    and (not b.is_hold or b.born_at <= %(as_of)s::timestamptz)
order by i.team_id asc, i.distinct_id asc, b.born_at asc, b.ordinal asc;
