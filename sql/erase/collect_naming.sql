-- Other persons' merging events that name one of the ids, those that could not merge, and erasures of only events that
-- do, also those that landing does not hold any more.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, "timestamp", event, properties,
    other_id
)
select
    m.landing_id,
    'naming' as kind,
    m.team_id,
    m.distinct_id as former_distinct_id,
    m.distinct_id,
    e.xid,
    e.received_at,
    e."timestamp",
    e.event,
    jsonb_build_object(ops.other_id_key(e.event), e.properties -> ops.other_id_key(e.event)) as properties,
    i.distinct_id as other_id
from staging.erased_id as i
inner join warehouse.merge as m on i.team_id = m.team_id and i.former_distinct_id = m.source_distinct_id
inner join warehouse.stored_event as e
    on
        m.team_id = e.team_id and m.distinct_id = e.distinct_id and m."timestamp" = e."timestamp"
        and m.landing_id = e.landing_id
union all
-- There is no merge of these, only a warning.
select
    e.landing_id,
    'naming' as kind,
    e.team_id,
    e.distinct_id as former_distinct_id,
    e.distinct_id,
    e.xid,
    e.received_at,
    e."timestamp",
    e.event,
    jsonb_build_object(ops.other_id_key(e.event), e.properties -> ops.other_id_key(e.event)) as properties,
    i.distinct_id as other_id
from ops.warning as w
inner join warehouse.stored_event as e
    on w.team_id = e.team_id and w.distinct_id = e.distinct_id and w.landing_id = e.landing_id
inner join staging.erased_id as i
    on e.team_id = i.team_id and left(e.properties ->> ops.other_id_key(e.event), 200) = i.former_distinct_id
where
    w.type in (
        'cannot_merge_with_illegal_distinct_id', 'cannot_merge_with_too_long_distinct_id', 'split_without_authority'
    )
union all
select
    e.landing_id,
    'naming' as kind,
    e.team_id,
    e.distinct_id as former_distinct_id,
    e.distinct_id,
    e.xid,
    e.received_at,
    e."timestamp",
    e.event,
    jsonb_build_object(ops.other_id_key(e.event), e.properties -> ops.other_id_key(e.event)) as properties,
    i.distinct_id as other_id
from ops.erasure as x
inner join warehouse.stored_event as e on x.team_id = e.team_id and 'erasure ' || x.uuid = e.distinct_id
inner join staging.erased_id as i on e.team_id = i.team_id and e.properties ->> 'erase' = i.former_distinct_id
where x.is_events_only
on conflict (landing_id) do nothing;
