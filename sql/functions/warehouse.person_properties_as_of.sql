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
        greatest((e.xid, e.landing_id), (coalesce(m.xid, e.xid), coalesce(m.landing_id, e.landing_id))) as known_up_to
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
    for said in
        with recursive joined (distinct_id) as (
            select of_distinct_id
            union
            select case when m.distinct_id = j.distinct_id then m.source_distinct_id else m.distinct_id end
            from joined as j
            inner join lateral (
                select a.*
                from warehouse.merge as a
                where a.team_id = of_team_id and a.distinct_id = j.distinct_id
                union all
                select b.*
                from warehouse.merge as b
                where b.team_id = of_team_id and b.source_distinct_id = j.distinct_id
            ) as m on true
            where
                m.outcome in ('created', 'attached', 'merged', 'no-op')
                and (m.xid, m.landing_id) <= asked.known_up_to
                and not exists (
                    select
                    from warehouse.merge as s
                    where
                        s.team_id = of_team_id
                        and s.outcome = 'split'
                        and s.distinct_id in (m.distinct_id, m.source_distinct_id)
                        and (s.xid, s.landing_id) > (m.xid, m.landing_id)
                        and (s.xid, s.landing_id) <= asked.known_up_to
                )
        )

        select
            e.event,
            case
                when e.has_property_operations then e.properties #> '{}'
                else e.properties - array['$set', '$set_once', '$unset']
            end as properties
        from joined as j
        inner join warehouse.stored_event as e on e.team_id = of_team_id and j.distinct_id = e.distinct_id
        where
            (e.has_property_operations or e.is_lifted)
            and (least(e."timestamp", e.received_at), e.xid, e.landing_id)
            <= (asked.stamped_at, asked.xid, asked.landing_id)
        order by least(e."timestamp", e.received_at), e.xid, e.landing_id
    loop
        person := ops.person_after(person, said.event, said.properties);
    end loop;
    return person || case when asked.event = '$groupidentify' then '{}' else ops.event_set(asked.properties) end;
end;
$$;
