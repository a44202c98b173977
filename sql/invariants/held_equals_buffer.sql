-- As many events are in the buffer as batches held and have not released; those that the open batch has set apart have
-- left it already, and those of a removed project too.
select
    e.in_buffer,
    b.held_and_not_released
from (
    select
        (select count(*) from buffer.event)
        + (
            select count(*)
            from ops.set_apart as a
            inner join ops.batch as o on a.batch_id = o.batch_id
            where a.held is not null and o.status = 'open'
        ) as in_buffer
) as e
cross join (
    select
        (select coalesce(sum(held - released), 0) from ops.batch where status = 'loaded')
        - (select coalesce(sum(held - released), 0) from ops.amendment) as held_and_not_released
) as b
where e.in_buffer <> b.held_and_not_released;
