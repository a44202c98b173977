-- A refused merge by its event's uuid; several where two ids or names share one uuid.
select r.*
from warehouse.refused_merges as r
where
    r.uuid = %(uuid)s::uuid
    and (%(team_id)s::bigint is null or r.team_id = %(team_id)s::bigint)
    and (%(distinct_id)s::text is null or r.distinct_id = %(distinct_id)s::text)
    and (%(event)s::text is null or r.event = %(event)s::text);
