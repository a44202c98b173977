-- How many of these uuids are loaded already: such events are dropped as duplicates when their distinct id and name are
-- the same.
select count(distinct k.uuid) as loaded
from unnest(%(uuids)s::text[]) as u (uuid)
inner join warehouse.event_key as k
    on
        k.team_id = %(team_id)s::bigint
        and k.uuid = case when pg_input_is_valid(u.uuid, 'uuid') then u.uuid::uuid end;
