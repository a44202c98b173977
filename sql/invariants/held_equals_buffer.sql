-- As many events are in the buffer as batches held and have not released.
select
    e.in_buffer,
    b.held_and_not_released
from (select count(*) as in_buffer from buffer.event) as e
cross join (
    select coalesce(sum(held - released), 0) as held_and_not_released
    from ops.batch
    where status = 'loaded'
) as b
where e.in_buffer <> b.held_and_not_released;
