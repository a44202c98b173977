-- The days (UTC) of the events that batches behind this one have loaded, closed batches only.
select distinct (s."timestamp" at time zone 'UTC')::date as day
from warehouse.stored_event as s
where
    s.batch_id > %(after)s::bigint
    and s.batch_id <= %(newest)s::bigint
    and (%(team_id)s::bigint is null or s.team_id = %(team_id)s::bigint)
order by day;
