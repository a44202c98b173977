-- What the tables beside the events hold of each batch: counts, and digests of whole rows.
select
    'quarantine.event' as name,
    q.batch_id,
    count(*) as found,
    bit_xor(ops.refusal_hash(q)) as digest
from quarantine.event as q
where q.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by q.batch_id
union all
select
    'buffer.released_event' as name,
    r.released_by_batch_id as batch_id,
    count(*) as found,
    bit_xor(hash_record_extended(r, 0)) as digest
from buffer.released_event as r
where r.released_by_batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by r.released_by_batch_id
union all
select
    'warehouse.merge' as name,
    m.batch_id,
    count(*) as found,
    bit_xor(hash_record_extended(m, 0)) as digest
from warehouse.merge as m
where m.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by m.batch_id
union all
select
    'ops.warning' as name,
    w.batch_id,
    count(*) as found,
    bit_xor(hash_record_extended(w, 0)) as digest
from ops.warning as w
where w.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by w.batch_id
union all
select
    'ops.batch_project' as name,
    p.batch_id,
    count(*) as found,
    bit_xor(hash_record_extended(p, 0)) as digest
from ops.batch_project as p
where p.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by p.batch_id
union all
select
    'held' as name,
    u.batch_id,
    count(*) as found,
    0 as digest
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
where u.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by u.batch_id;
