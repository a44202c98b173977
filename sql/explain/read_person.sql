-- A person, living or merged away.
select
    p.team_id,
    p.person_id,
    p.distinct_id as named_after,
    p.is_identified,
    p.created_at,
    p.created_by_uuid,
    p.merged_into,
    p.properties
from warehouse.person as p
where
    p.person_id = %(person_id)s::uuid
    and (%(team_id)s::bigint is null or p.team_id = %(team_id)s::bigint)
order by p.team_id;
