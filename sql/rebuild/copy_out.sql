-- A part of the landing log as it stands, with positions and arrivals, but for some projects. Of rows that were refused
-- there may be nothing but that, so that they are refused again, whatever the rules are by now: they may have been
-- landed again since, and that replay is a row of its own.
copy (
    select
        l.xid,
        l.landing_id,
        l.received_at,
        case when r.is_refused then -1 else l.team_id end as team_id,
        case when not r.is_refused then l.uuid end as uuid,
        case when not r.is_refused then l.event end as event,
        case when not r.is_refused then l.distinct_id end as distinct_id,
        case when not r.is_refused then l.properties end as properties,
        case when not r.is_refused then l."timestamp" end as "timestamp",
        case when not r.is_refused then l.sent_at end as sent_at,
        case when not r.is_refused then l.ip end as ip,
        l.is_personless,
        l.is_operator and not r.is_refused as is_operator,
        l.is_captured
    from landing.event as l
    cross join
        lateral (
            select
                %(are_refused_again)s::boolean
                and exists (select from quarantine.event as q where q.landing_id = l.landing_id) as is_refused
        ) as r
    where
        (l.xid, l.landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
        and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
        and not coalesce(l.team_id = any(%(left_out)s::bigint[]), false)
) to stdout (format binary);  -- noqa: PRS
