-- The latest moment at which no row can arrive any more that is older: the clock, or the start of the oldest
-- transaction that may have written already. Read before the snapshot that bounds the batch: a transaction that is in
-- flight there was in flight here, or got its id later than this. Of every database of the server: they all hold back
-- what the batch may read. Null starts: a server that hides other sessions
-- (grant pg_monitor).
select
    statement_timestamp() as clock,
    min(in_flight.started_at) as oldest_start,
    coalesce(bool_or(in_flight.started_at is null), false) as is_start_hidden
from (
    select xact_start as started_at
    from pg_stat_activity
    where
        pid <> pg_backend_pid()
        and (backend_xid is not null or (state is null and backend_type = 'client backend'))
    union all
    select prepared as started_at
    from pg_prepared_xacts
) as in_flight;
