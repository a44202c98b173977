-- Rows that are not the file's but say the same events, and were dropped as their duplicates: landed once more, behind
-- the withdrawal, with the times of their arrivals, because event times are corrected by them. Those of another file
-- stay that file's. They land in the withdrawal's transaction, so its xid is theirs.
with withdrawn as materialized (
    select e.*
    from landing.event as w
    cross join jsonb_array_elements(w.properties -> 'ranges') as r (range)
    inner join landing.event as e
        on
            e.xid = (r.range ->> 0)::xid8
            and e.landing_id between (r.range ->> 1)::bigint and (r.range ->> 2)::bigint
    where w.xid = %(xid)s::text::xid8 and w.landing_id = %(landing_id)s::bigint
),

repeated as materialized (
    select
        l.*,
        nextval('landing.event_landing_id') as new_landing_id
    from landing.event as l
    where
        l.uuid <> ''
        and not l.is_operator
        and l.xid <> %(xid)s::text::xid8
        and exists (
            select from withdrawn as e
            where e.team_id = l.team_id and lower(e.uuid) = lower(l.uuid) and e.event = l.event
        )
        and not exists (select from withdrawn as e where e.xid = l.xid and e.landing_id = l.landing_id)
        -- Taken out before, refused, or in the warehouse itself.
        and not exists (
            select from ops.landed_range as g
            where
                g.xid = l.xid and l.landing_id between g.first_landing_id and g.last_landing_id
                and g.undone_at is not null
        )
        and not exists (select from quarantine.event as q where q.landing_id = l.landing_id)
        and not exists (
            select from warehouse.stored_event as s
            where s.team_id = l.team_id and s.distinct_id = l.distinct_id and s.landing_id = l.landing_id
        )
        and not exists (select from buffer.event as h where h.landing_id = l.landing_id)
    order by l.xid, l.landing_id
),

ranges as (
    insert into ops.landed_range (team_id, sha256, xid, first_landing_id, last_landing_id, noun, runs)
    select
        g.team_id,
        g.sha256,
        %(xid)s::text::xid8 as xid,
        p.new_landing_id as first_landing_id,
        p.new_landing_id as last_landing_id,
        g.noun,
        '[]' as runs
    from repeated as p
    inner join ops.landed_range as g
        on p.xid = g.xid and p.landing_id between g.first_landing_id and g.last_landing_id
)

insert into landing.event (
    landing_id, received_at, team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip, is_personless,
    is_captured
)
select
    p.new_landing_id,
    p.received_at,
    p.team_id,
    p.uuid,
    p.event,
    p.distinct_id,
    p.properties,
    p."timestamp",
    p.sent_at,
    p.ip,
    p.is_personless,
    p.is_captured
from repeated as p;
