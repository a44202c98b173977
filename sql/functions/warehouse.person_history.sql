-- The persons that a distinct id has had, in order, from the merging events: since when (the arrival clock: when the
-- event landed, or the end of the hold; never the client's clock), and the event that made it so. Walks forward from
-- the id's birth: the next event that names the id, or that moves all ids of its person.
-- Security definer: the end of a hold stands in buffer, which readers do not see.
create or replace function warehouse.person_history(of_team_id bigint, of_distinct_id text)
returns table (
    since_at timestamptz,
    person_id uuid,
    outcome text,
    event text,
    uuid uuid,
    distinct_id text,
    source_distinct_id text
)
language plpgsql
stable
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    current_person uuid;
    next_person uuid;
    at_xid xid8 := '0';
    at_landing_id bigint := 0;
    step record;
begin
    -- Born by an event of its own, no merging one.
    for step in
        select
            coalesce(r.due_at, e.received_at) as since_at,
            p.person_id,
            e.event,
            e.uuid
        from warehouse.person as p
        inner join warehouse.event_key as k
            on p.team_id = k.team_id and p.created_by_uuid = k.uuid and p.distinct_id = k.distinct_id
        inner join warehouse.stored_event as e
            on
                k.team_id = e.team_id and k.distinct_id = e.distinct_id and k.event = e.event
                and k."timestamp" = e."timestamp" and k.uuid = e.uuid
        left join buffer.released_event as r
            on
                k.team_id = r.team_id and k.distinct_id = r.distinct_id
                and k.uuid = r.uuid and k.event = r.event and not r.is_rescued
        where
            p.team_id = of_team_id and p.distinct_id = of_distinct_id
            and not exists (
                select from warehouse.merge as m
                where
                    m.team_id = k.team_id and m.distinct_id = k.distinct_id
                    and m.uuid = k.uuid and m.event = k.event
            )
            and e.person_mode = 'full' and not ops.is_about_nobody(e.event)
        -- Of several with one uuid the one that came first.
        order by since_at, e.xid, e.landing_id
        limit 1
    loop
        current_person := step.person_id;
        return query select step.since_at, step.person_id, 'born', step.event, step.uuid, of_distinct_id, null::text;
    end loop;
    loop
        select c.* into step
        from (
            select m.*
            from warehouse.merge as m
            where m.team_id = of_team_id and m.distinct_id = of_distinct_id
            union all
            select m.*
            from warehouse.merge as m
            where m.team_id = of_team_id and m.source_distinct_id = of_distinct_id
            union all
            select m.*
            from warehouse.merge as m
            where
                m.team_id = of_team_id
                and m.source_person_id = current_person
                and m.outcome in ('merged', 'split')
                and (m.outcome = 'merged' or m.person_id = m.source_person_id)
        ) as c
        where (c.xid, c.landing_id) > (at_xid, at_landing_id)
        order by c.xid, c.landing_id
        limit 1;
        exit when not found;
        at_xid := step.xid;
        at_landing_id := step.landing_id;
        if step.distinct_id = of_distinct_id then
            next_person := step.person_id;
        elsif step.outcome = 'refused' then
            next_person := step.source_person_id;
        elsif step.outcome = 'split' then
            next_person := step.source_person_id;
            if step.person_id = step.source_person_id then
                -- The person kept the id it is named after; the others went to the one named after the other id.
                select p.person_id into next_person
                from warehouse.person as p
                where p.team_id = of_team_id and p.distinct_id = step.source_distinct_id;
            end if;
        else
            next_person := step.person_id;
        end if;
        if next_person is distinct from current_person then
            current_person := next_person;
            return query
            select
                step.arrived_at,
                current_person,
                step.outcome,
                step.event,
                step.uuid,
                step.distinct_id,
                step.source_distinct_id;
        end if;
    end loop;
end;
$$;

comment on function warehouse.person_history(bigint, text) is
'The persons that a distinct id has had, in order; since_at is by the arrival clock.';

revoke execute on function warehouse.person_history(bigint, text) from public;
grant execute on function warehouse.person_history(bigint, text) to auditor;
