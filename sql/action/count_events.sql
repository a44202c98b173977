-- Events and persons of an action by day, the newest first.
select
    (e."timestamp" at time zone 'UTC')::date as day,
    count(distinct e.person_id) as persons,
    count(*) as events
from warehouse.action_events as e
where e.action_id = %(action_id)s::bigint and e."timestamp" >= %(since_at)s::timestamptz
group by (e."timestamp" at time zone 'UTC')::date
order by day desc;
