-- Land the withdrawal of a file: where its rows stand, those too that were landed again from quarantine. One statement:
-- whatever it sees is committed, so its own transaction stands behind all of that.
insert into landing.event (team_id, uuid, event, distinct_id, properties, is_operator)
select
    f.team_id,
    gen_random_uuid()::text as uuid,
    '$withdraw_file' as event,
    'file ' || f.sha256 as distinct_id,
    jsonb_build_object(
        'name', f.name, 'sha256', f.sha256, 'ranges', r.ranges, '$decided_by', %(by)s::text, '$why', %(why)s::text
    ) as properties,
    true as is_operator
from ops.landed_file as f
cross join
    lateral (
        with recursive taken (xid, first_landing_id, last_landing_id) as (
            select
                g.xid,
                g.first_landing_id,
                g.last_landing_id
            from ops.landed_range as g
            where g.team_id = f.team_id and g.sha256 = f.sha256 and g.undone_at is null
            union
            select
                q.replayed_xid,
                q.replayed_landing_id as first_landing_id,
                q.replayed_landing_id as last_landing_id
            from taken as t
            inner join quarantine.event as q
                on t.xid = q.xid and q.landing_id between t.first_landing_id and t.last_landing_id
            where q.resolution = 'replayed'
        )

        select jsonb_agg(jsonb_build_array(t.xid::text, t.first_landing_id, t.last_landing_id)) as ranges
        from taken as t
    ) as r
where f.team_id = %(team_id)s::bigint and f.sha256 = %(sha256)s::text and r.ranges is not null
returning
    xid::text as xid,
    landing_id,
    (
        select count(*)
        from ops.landed_range as g
        where g.team_id = %(team_id)s::bigint and g.sha256 = %(sha256)s::text and g.undone_at is null
    ) as ranges;
