-- A part of the landing log as it stands, with positions and arrivals, but for some projects.
copy (
    select l.*
    from landing.event as l
    where
        (l.xid, l.landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
        and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
        and not coalesce(l.team_id = any(%(left_out)s::bigint[]), false)
) to stdout (format binary);  -- noqa: PRS
