-- Which of them gives each id its person, if no earlier one does.
insert into ops.dropped_birth (team_id, distinct_id, is_hold, xid, landing_id, born_at, "timestamp", uuid)
select distinct on (b.team_id, b.distinct_id, b.is_hold)
    b.team_id,
    b.distinct_id,
    b.is_hold,
    b.xid,
    b.landing_id,
    b.born_at,
    b."timestamp",
    b.uuid
from staging.dropped_event as s
inner join ops.birth as b
    on
        s.team_id = b.team_id and s.distinct_id = b.distinct_id and s."timestamp" = b."timestamp"
        and s.landing_id = b.landing_id
order by b.team_id, b.distinct_id, b.is_hold, b.xid, b.landing_id
on conflict (team_id, distinct_id, is_hold) do update
    set
        xid = excluded.xid,
        landing_id = excluded.landing_id,
        born_at = excluded.born_at,
        "timestamp" = excluded."timestamp",
        uuid = excluded.uuid
    where (excluded.xid, excluded.landing_id) < (ops.dropped_birth.xid, ops.dropped_birth.landing_id);
