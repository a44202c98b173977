-- How far landing is processed, the largest landing id that anything may have, and where the rows of a project begin:
-- also those of which landing and warehouse have dropped the event.
select
    w.xid::text::bigint as xid,
    w.landing_id,
    w.arrival_clock,
    s.last_value as newest_landing_id,
    least(w.xid, f.xid)::text::bigint as first_xid,
    least(w.landing_id, f.landing_id) as first_landing_id
from ops.watermark as w
cross join landing.event_landing_id as s
cross join (
    select
        min(p.xid) as xid,
        min(p.landing_id) as landing_id
    from (
        select
            min(l.xid) as xid,
            min(l.landing_id) as landing_id
        from landing.event as l
        where l.team_id = %(team_id)s::bigint
        union all
        select
            min(e.xid) as xid,
            min(e.landing_id) as landing_id
        from warehouse.stored_event as e
        where e.team_id = %(team_id)s::bigint
        union all
        select
            min(q.xid) as xid,
            min(q.landing_id) as landing_id
        from quarantine.event as q
        where q.team_id = %(team_id)s::bigint
        union all
        select
            min(m.xid) as xid,
            min(m.landing_id) as landing_id
        from warehouse.merge as m
        where m.team_id = %(team_id)s::bigint
        union all
        select
            null as xid,
            min(g.landing_id) as landing_id
        from ops.warning as g
        where g.team_id = %(team_id)s::bigint
        union all
        select
            min(r.xid) as xid,
            min(r.first_landing_id) as landing_id
        from ops.landed_range as r
        where r.team_id = %(team_id)s::bigint
    ) as p
) as f;
