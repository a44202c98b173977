-- Events of a period whose key is not remembered, or as of another time: they would be loaded again.
select
    e.batch_id,
    count(*) as forgotten,
    min(e.uuid::text) as example
from warehouse.stored_event as e
left join warehouse.event_key as k
    on
        e.team_id = k.team_id and e.uuid = k.uuid and e.distinct_id = k.distinct_id and e.event = k.event
        and e."timestamp" = k."timestamp"
where
    k.team_id is null
    and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
    and e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open')
group by e.batch_id;
