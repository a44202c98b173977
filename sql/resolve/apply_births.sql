-- Give the ids the persons just born, and note which kind of birth it was.
update staging.distinct_id
set
    person_id = p.person_id,
    cause = case when b.is_hold then 'hold_expired' else 'event' end,
    cause_uuid = p.created_by_uuid
from staging.person as p
inner join (
    -- Of two with one uuid the one that came first, as in insert_born_persons.sql.
    select distinct on (team_id, distinct_id, uuid) *
    from staging.birth
    order by team_id asc, distinct_id asc, uuid asc, born_at asc, ordinal asc
) as b
    on p.team_id = b.team_id and p.distinct_id = b.distinct_id and p.created_by_uuid = b.uuid
where
    staging.distinct_id.team_id = p.team_id
    and staging.distinct_id.distinct_id = p.distinct_id
    and staging.distinct_id.person_id is null;
