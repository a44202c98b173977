-- The days of which a project has rows in the tables that have a partition a day.
select distinct
    'landing' as schema_name,
    'event' as table_name,
    'received_at' as key_column,
    (l.received_at at time zone 'UTC')::date as day
from landing.event as l
where l.team_id = %(team_id)s::bigint
union all
select distinct
    'warehouse' as schema_name,
    'stored_event' as table_name,
    'timestamp' as key_column,
    (e."timestamp" at time zone 'UTC')::date as day
from warehouse.stored_event as e
where
    e.team_id = %(team_id)s::bigint
    and e."timestamp" >= current_date - %(partition_days_back)s::integer
    and e."timestamp" < current_date + 2;
