-- How many events of a distinct id are loaded, and when the last one happened.
select
    count(*) as events,
    max("timestamp") as last_at
from warehouse.events
where team_id = %(team_id)s::bigint and distinct_id = %(distinct_id)s::text;
