-- The days of event time that the new batches add to.
select distinct (s."timestamp" at time zone 'UTC')::date as day
from warehouse.stored_event as s
where
    s.batch_id > %(after)s::bigint and s.batch_id <= %(newest)s::bigint
    and s."timestamp" >= %(since)s::timestamptz;
