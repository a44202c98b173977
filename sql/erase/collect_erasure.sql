-- The erasure's own event: it names no id any more, and says what stands in their place.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, "timestamp", event, properties
)
select
    e.landing_id,
    'loaded' as kind,
    e.team_id,
    e.distinct_id as former_distinct_id,
    e.distinct_id,
    e.xid,
    e.received_at,
    e."timestamp",
    e.event,
    e.properties || jsonb_build_object(
        'erase', coalesce(i.distinct_id, e.properties ->> 'erase'),
        'erased_ids',
        to_jsonb(
            %(erased_ids)s::text[]
            || array(
                select n.distinct_id
                from staging.erased_id as n
                where n.distinct_id <> n.former_distinct_id
                order by n.distinct_id
            )
        )
    ) as properties
from warehouse.event_key as k
inner join warehouse.stored_event as e
    on
        k.team_id = e.team_id and k.distinct_id = e.distinct_id and k.event = e.event
        and k."timestamp" = e."timestamp" and k.uuid = e.uuid
left join staging.erased_id as i on e.properties ->> 'erase' = i.former_distinct_id
where
    k.team_id = %(team_id)s::bigint
    and k.uuid = %(uuid)s::uuid
    and k.event = '$erase'
    and e.landing_id = %(landing_id)s::bigint;
