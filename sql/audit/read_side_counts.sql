-- What the buffer and the quarantine hold of each batch.
select
    b.batch_id,
    (select count(*) from quarantine.event as q where q.batch_id = b.batch_id) as quarantined,
    (select count(*) from buffer.released_event as r where r.released_by_batch_id = b.batch_id) as released,
    coalesce(h.held, 0) as held
from ops.batch as b
left join (
    select
        u.batch_id,
        count(*) as held
    from (
        select held_by_batch_id as batch_id
        from buffer.event
        union all
        select held_by_batch_id as batch_id
        from buffer.released_event
        union all
        select (a.held ->> 'held_by_batch_id')::bigint as batch_id
        from ops.set_apart as a
        inner join ops.batch as o on a.batch_id = o.batch_id
        where a.held is not null and o.status = 'open'
    ) as u
    group by u.batch_id
) as h on b.batch_id = h.batch_id
where b.status = 'loaded' and b.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint;
