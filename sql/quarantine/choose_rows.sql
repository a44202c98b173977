-- The rows that nobody has decided on yet, in the order of their arrival, locked against a second decision; with the
-- landing_id that each would have when landed again. None of a file that is undone lands again: its withdrawal, which
-- discards the row, may not have been taken yet, and would not know of the new one.
select
    c.landing_id,
    case when %(is_replay)s::boolean then nextval('landing.event_landing_id') end as new_landing_id
from (
    select q.landing_id
    from quarantine.event as q
    where
        q.resolution is null
        and (
            %(reason)s::text is null
            or q.reasons @> jsonb_build_array(jsonb_build_object('expectation', %(reason)s::text))
        )
        and (%(event)s::text is null or q.event = %(event)s::text)
        and (%(batch_id)s::bigint is null or q.batch_id = %(batch_id)s::bigint)
        and (%(team_id)s::bigint is null or q.team_id = %(team_id)s::bigint)
        and (%(landing_id)s::bigint is null or q.landing_id = %(landing_id)s::bigint)
        and (%(since)s::timestamptz is null or q.received_at >= %(since)s::timestamptz)
        and (%(until)s::timestamptz is null or q.received_at < %(until)s::timestamptz)
        and not (
            %(is_replay)s::boolean
            and exists (
                -- The row itself, and each refused one that it is a replay of.
                with recursive origin (xid, landing_id) as (
                    select
                        q.xid,
                        q.landing_id
                    union
                    select
                        p.xid,
                        p.landing_id
                    from origin as o
                    inner join quarantine.event as p on o.landing_id = p.replayed_landing_id
                )

                select
                from origin as o
                inner join ops.landed_range as g
                    on
                        o.xid = g.xid and o.landing_id between g.first_landing_id and g.last_landing_id
                        and g.undone_at is not null
            )
        )
    order by q.xid, q.landing_id
    for update
) as c;
