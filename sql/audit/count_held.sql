-- How many events each batch has held, whatever became of them since.
select
    u.batch_id,
    count(*) as found
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
