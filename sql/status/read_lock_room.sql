-- How many locks a query over all days takes, of the partitions and their indexes, and for how many the server is sure
-- to have room.
with days as (
    select count(*) + sum((select count(*) from pg_index as i where i.indrelid = t.relid)) as locks
    from pg_partition_tree('warehouse.stored_event') as t
),

server as (
    select
        current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint as sessions,
        current_setting('max_locks_per_transaction')::bigint as locks_per_session
)

select
    d.locks::bigint as locks,
    s.sessions,
    s.sessions * s.locks_per_session as room
from days as d
cross join server as s;
