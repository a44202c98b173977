-- The properties of an event's person as of that event: what all events up to its time have said of the ids that were
-- one person when it arrived (or, where its id had no person then, when it gained one), and at last what the event
-- itself sets. Folded from the stored events at each call, so ask for the events you need. Empty if personless.
create or replace function warehouse.person_properties_as_of(
    of_team_id bigint, of_distinct_id text, of_uuid uuid, of_event text
)
returns jsonb
language plpgsql
stable
as $$
declare
    asked record;
    said record;
    person jsonb := '{}';
    -- The first name, in the order of their lengths, for which the person had no room.
    no_room_from text;
begin
    select
        e.event,
        -- Unpacked once: else each of its readers unpacks a long payload anew.
        e.properties #> '{}' as properties,
        e.person_mode,
        least(e."timestamp", e.received_at) as stamped_at,
        e.xid,
        e.landing_id,
        -- Where the id had no person yet: the event that gave it one.
        case when (m.xid, m.landing_id) > (e.xid, e.landing_id) then m.xid else e.xid end as known_xid,
        case
            when (m.xid, m.landing_id) > (e.xid, e.landing_id) then m.landing_id else e.landing_id
        end as known_landing_id
    into asked
    from warehouse.event_key as k
    inner join warehouse.stored_event as e
        on
            k.team_id = e.team_id and k.distinct_id = e.distinct_id and k.event = e.event
            and k."timestamp" = e."timestamp" and k.uuid = e.uuid
    left join warehouse.person_distinct_id as d on k.team_id = d.team_id and k.distinct_id = d.distinct_id
    left join lateral (
        select
            t.xid,
            t.landing_id
        from warehouse.merge as t
        where
            t.team_id = k.team_id and t.uuid = d.tied_by_uuid
            and (t.distinct_id = k.distinct_id or t.source_distinct_id = k.distinct_id)
        order by t.xid, t.landing_id
        limit 1
    ) as m on true
    where k.team_id = of_team_id and k.uuid = of_uuid and k.distinct_id = of_distinct_id and k.event = of_event;
    if not found or asked.person_mode = 'propertyless' then
        return '{}';
    end if;
    select t.name
    into no_room_from
    from (
        select
            m.name,
            sum(m.size) over (order by length(m.name), m.name collate "C") as total
        from (
            select
                n.name,
                max(n.size) as size
            from ops.person_events(
                of_team_id, of_distinct_id,
                asked.known_xid, asked.known_landing_id,
                asked.stamped_at, asked.xid, asked.landing_id
            ) as e
            cross join lateral ops.mentioned_names(ops.counted_operations(e.properties)) as n
            where e.has_property_operations and n.name <> all(ops.always_kept_names())
            group by n.name
        ) as m
    ) as t
    cross join ops.property_limits() as b
    where t.total * b.step_bytes > b.kept_bytes
    order by length(t.name), t.name collate "C"
    limit 1;
    for said in
        select
            e.event,
            ops.counted_operations(e.properties) as properties
        from ops.person_events(
            of_team_id, of_distinct_id,
            asked.known_xid, asked.known_landing_id,
            asked.stamped_at, asked.xid, asked.landing_id
        ) as e
        order by e.stamped_at, e.xid, e.landing_id
    loop
        person := ops.without_names_from(ops.person_after(person, said.event, said.properties), no_room_from);
    end loop;
    if asked.event <> '$groupidentify' then
        person := person || ops.event_set(ops.counted_operations(asked.properties));
    end if;
    return ops.without_names_from(person, no_room_from);
end;
$$;

comment on function warehouse.person_properties_as_of(bigint, text, uuid, text) is
'What the person of an event was like as of that event, its own $set included; folded from the events at each call';
