-- A person, living or merged away, and the id it is named after.
select
    p.team_id,
    p.person_id,
    p.distinct_id,
    p.merged_into
from warehouse.person as p
where
    p.person_id = %(person_id)s::uuid
    and (%(team_id)s::bigint is null or p.team_id = %(team_id)s::bigint);
