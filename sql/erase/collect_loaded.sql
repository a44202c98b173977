-- The loaded events of the ids. Of a merging event the other id stays what it joins: one of the same person, or of
-- another one that refused the merge.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, "timestamp", event, properties
)
select
    e.landing_id,
    'loaded' as kind,
    e.team_id,
    e.distinct_id as former_distinct_id,
    i.distinct_id,
    e.xid,
    e.received_at,
    e."timestamp",
    e.event,
    ops.erased_properties(
        e.event, e.properties, e.distinct_id, i.distinct_id, coalesce(o.distinct_id, m.source_distinct_id)
    ) as properties
from staging.erased_id as i
inner join warehouse.stored_event as e on i.team_id = e.team_id and i.former_distinct_id = e.distinct_id
left join warehouse.merge as m
    on e.team_id = m.team_id and e.distinct_id = m.distinct_id and e.uuid = m.uuid and e.event = m.event
left join staging.erased_id as o on m.team_id = o.team_id and m.source_distinct_id = o.former_distinct_id
where
    (%(since_at)s::timestamptz is null or e."timestamp" >= %(since_at)s::timestamptz)
    and (%(until_at)s::timestamptz is null or e."timestamp" < %(until_at)s::timestamptz);
