-- The numbers and times of some batches, the newest first.
select
    b.batch_id,
    b.landed,
    b.released,
    b.loaded,
    b.held,
    b.duplicate,
    b.quarantined,
    b.rescued,
    b.persons_created,
    b.persons_merged,
    b.lower_landing_id,
    b.upper_landing_id,
    b.hold_seconds,
    b.arrival_clock,
    b.as_of,
    b.opened_at,
    b.loaded_at
from ops.batch as b
where b.status = 'loaded' and b.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
order by b.batch_id desc
limit %(at_most)s::bigint;
