-- They have landed on the other shard; the project is no longer here.
with landed as (
    delete from landing.event
    where
        team_id = %(team_id)s::bigint
        and (xid, landing_id) > (
            select
                w.xid,
                w.landing_id
            from ops.watermark as w
        )
),

privacy as (
    delete from landing.project_privacy
    where team_id = %(team_id)s::bigint
)

delete from landing.project
where team_id = %(team_id)s::bigint;
