-- The file that a landing row came from, and its place there: its number among the rows of its transaction, put through
-- the run that it belongs to (row of the run's beginning, place, step).
select
    f.name,
    f.sha256,
    f.landed_at,
    r.undone_at,
    r.noun,
    (
        select (u.run ->> 1)::bigint + (u.run ->> 2)::bigint * (n.row_number - (u.run ->> 0)::bigint)
        from jsonb_array_elements(r.runs) as u (run)
        where (u.run ->> 0)::bigint <= n.row_number
        order by (u.run ->> 0)::bigint desc
        limit 1
    ) as place
from ops.landed_range as r
inner join ops.landed_file as f on r.team_id = f.team_id and r.sha256 = f.sha256
cross join
    lateral (
        select count(*) as row_number
        from landing.event as e
        where e.xid = r.xid and e.landing_id >= r.first_landing_id and e.landing_id < %(landing_id)s::bigint
    ) as n
where
    r.xid = (%(xid)s::text)::xid8
    and %(landing_id)s::bigint between r.first_landing_id and r.last_landing_id;
