-- The file's events that were taken in: loaded, or held until this batch. A batch loads no row of a later one.
insert into staging.withdrawn_event (team_id, distinct_id, uuid, event, "timestamp", batch_id, landing_id)
select
    e.team_id,
    e.distinct_id,
    e.uuid,
    e.event,
    e."timestamp",
    e.batch_id,
    e.landing_id
from warehouse.stored_event as e
inner join staging.withdrawn_range as r
    on e.xid = r.xid and e.landing_id between r.first_landing_id and r.last_landing_id
where
    e.batch_id >= (
        select min(b.batch_id)
        from ops.batch as b
        cross join staging.withdrawn_range as f
        where (f.xid, f.first_landing_id) <= (b.upper_xid, b.upper_landing_id)
    )
union all
select
    h.team_id,
    h.distinct_id,
    h.uuid,
    h.event,
    h."timestamp",
    a.batch_id,
    h.landing_id
from ops.set_apart as a
cross join lateral jsonb_populate_record(null::buffer.event, a.held) as h
where a.batch_id = %(batch_id)s::bigint and a.held is not null;
