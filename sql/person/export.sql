-- All that is stored of a person, by the distinct ids, as JSON: what is worked out of it, the events, and what was
-- landed, also what is not taken yet. Landing and quarantine have no index by id: each is read once.
select
    'persons' as section,
    to_jsonb(p) - array['property_state', 'lifted_mask', 'lifted_at'] as entry
from warehouse.person as p
where p.team_id = %(team_id)s::bigint and p.distinct_id = any(%(ids)s::text[])
union all
select
    'distinct_ids' as section,
    to_jsonb(d) as entry
from warehouse.person_distinct_id as d
where d.team_id = %(team_id)s::bigint and d.distinct_id = any(%(ids)s::text[])
union all
select
    'merges' as section,
    to_jsonb(m) as entry
from warehouse.merge as m
where m.team_id = %(team_id)s::bigint and m.distinct_id = any(%(ids)s::text[])
union all
select
    'events' as section,
    to_jsonb(e) as entry
from warehouse.events as e
where e.team_id = %(team_id)s::bigint and e.distinct_id = any(%(ids)s::text[])
union all
select
    'held_events' as section,
    to_jsonb(h) as entry
from buffer.event as h
where h.team_id = %(team_id)s::bigint and h.distinct_id = any(%(ids)s::text[])
union all
select
    'quarantined_rows' as section,
    to_jsonb(q) as entry
from quarantine.event as q
where
    q.team_id = %(team_id)s::bigint
    and left(ops.given_distinct_id(q.distinct_id, q.properties), 200) = any(%(ids)s::text[])
union all
select
    'warnings' as section,
    to_jsonb(w) as entry
from ops.warning as w
where w.team_id = %(team_id)s::bigint and w.distinct_id = any(%(ids)s::text[])
union all
select
    'landed_rows' as section,
    to_jsonb(l) as entry
from landing.event as l
where
    l.team_id = %(team_id)s::bigint
    and left(ops.given_distinct_id(l.distinct_id, l.properties), 200) = any(%(ids)s::text[]);
