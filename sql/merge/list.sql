-- The refused merges, newest first.
select r.*
from warehouse.refused_merges as r
where
    (%(team_id)s::bigint is null or r.team_id = %(team_id)s::bigint)
    and (%(status)s::text is null or r.status = %(status)s::text)
order by r.arrived_at desc, r.uuid desc
limit %(at_most)s::bigint;
