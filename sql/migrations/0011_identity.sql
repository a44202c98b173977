-- Identity, for those who ask and those who correct: splits, the review of refused merges, groups, views for analysts.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Distinct ids that splits of the batch have taken out of their person, and the person each has in the end.
create unlogged table staging.split (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    cause_uuid uuid not null
);

-- Persons that splits of the batch have made or brought back to life.
create unlogged table staging.revived_person (
    team_id bigint not null,
    person_id uuid not null,
    -- The person that its other ids went to meanwhile; null: it had none.
    moved_to uuid
);

-- Persons that have lost or gained ids by a split: their properties are folded again.
create unlogged table staging.refolded_person (
    team_id bigint not null,
    person_id uuid not null
);

-- A group: a company, a project, whatever its type says; $groupidentify writes its properties.
create table warehouse.group_profile (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    properties jsonb not null,
    -- Per key the times behind the value, see etl/rules/properties.py.
    property_state jsonb not null,
    updated_at timestamptz not null,
    primary key (team_id, group_type, group_key)
);

create unlogged table staging.group_profile (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    properties jsonb not null,
    property_state jsonb not null
);

create view warehouse.groups as
select
    team_id,
    group_type,
    group_key,
    properties,
    created_at,
    updated_at
from warehouse.group_profile;

-- Decisions about refused merges, one row each, never changed; the newest one of a refusal counts.
create table ops.merge_decision (
    decision_id bigint generated always as identity primary key,
    -- The refused event.
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    decision text not null check (decision in ('accepted', 'rejected')),
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    why text,
    -- The $merge_dangerously that the acceptance landed.
    landed_uuid uuid
);

create index merge_decision_by_event on ops.merge_decision (team_id, uuid, distinct_id);

-- The refused merges with what to do about each. Moot: the two ids are one person by now.
create view warehouse.refused_merges as
select
    m.team_id,
    m.uuid,
    m.event,
    m."timestamp",
    m.arrived_at,
    m.distinct_id,
    m.source_distinct_id,
    m.reason,
    -- As they were at the event.
    m.person_id,
    m.source_person_id,
    -- As they are now.
    t.person_id as present_person_id,
    s.person_id as present_source_person_id,
    case
        when d.decision is not null then d.decision
        when t.person_id = s.person_id then 'moot'
        else 'open'
    end as status,
    d.decided_by,
    d.decided_at,
    d.why,
    d.landed_uuid,
    case
        when d.decision is null and t.person_id <> s.person_id
            then format('One person? etl merge accept %s. Two? etl merge reject %s.', m.uuid, m.uuid)
    end as remedy
from warehouse.merge as m
left join warehouse.person_distinct_id as t on m.team_id = t.team_id and m.distinct_id = t.distinct_id
left join warehouse.person_distinct_id as s on m.team_id = s.team_id and m.source_distinct_id = s.distinct_id
left join lateral (
    select
        x.decision,
        x.decided_by,
        x.decided_at,
        x.why,
        x.landed_uuid
    from ops.merge_decision as x
    where x.team_id = m.team_id and x.uuid = m.uuid and x.distinct_id = m.distinct_id
    order by x.decision_id desc
    limit 1
) as d on true
where m.outcome = 'refused' and m.event <> '$split';

-- The persons that a distinct id has had, in order, from the merging events: since when (the arrival clock: when the
-- event landed, or the end of the hold; never the client's clock), and the event that made it so. Walks forward from
-- the id's birth: the next event that names the id, or that moves all ids of its person.
-- Security definer: the end of a hold stands in buffer, which readers do not see.
create function warehouse.person_history(of_team_id bigint, of_distinct_id text)
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
                k.team_id = e.team_id and k.distinct_id = e.distinct_id
                and k."timestamp" = e."timestamp" and k.uuid = e.uuid
        left join buffer.released_event as r
            on k.team_id = r.team_id and k.distinct_id = r.distinct_id and k.uuid = r.uuid and not r.is_rescued
        where
            p.team_id = of_team_id and p.distinct_id = of_distinct_id
            and not exists (
                select from warehouse.merge as m
                where m.team_id = k.team_id and m.distinct_id = k.distinct_id and m.uuid = k.uuid
            )
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

-- Who a distinct id was at a moment, by the arrival clock: what had landed by then, not what clients say happened by
-- then. Null: it had no person yet.
create function warehouse.person_at(of_team_id bigint, of_distinct_id text, at timestamptz)
returns uuid
language sql
stable
as $$
select (array_agg(h.person_id order by h.place desc))[1]
from (
    select
        p.person_id,
        p.since_at,
        p.ordinality as place
    from warehouse.person_history(of_team_id, of_distinct_id) with ordinality as p
) as h
where h.since_at <= at
$$;

comment on function warehouse.person_at(bigint, text, timestamptz) is
'Who a distinct id was at a moment, by the arrival clock; null before it had a person.';

-- Views for analysts. All read persons as they are now, so each is right from the commit of a merge. Days are UTC.
create view warehouse.daily_unique_persons as
select
    team_id,
    ("timestamp" at time zone 'UTC')::date as day,
    event,
    count(distinct person_id) as persons,
    count(*) as events
from warehouse.events
group by team_id, ("timestamp" at time zone 'UTC')::date, event;

create view warehouse.daily_new_persons as
select
    team_id,
    (created_at at time zone 'UTC')::date as day,
    count(*) as persons,
    count(*) filter (where is_identified) as identified_persons
from warehouse.person
where merged_into is null
group by team_id, (created_at at time zone 'UTC')::date;

-- What the number of persons of a day would be by those its rows were loaded with, and what it is. Maintenance writes
-- the present person into loaded rows, so the difference shows merges since the last squash.
create view warehouse.daily_merge_effects as
select
    team_id,
    ("timestamp" at time zone 'UTC')::date as day,
    count(distinct person_id_at_load) as persons_at_load,
    count(distinct person_id) as persons,
    count(*) filter (where person_id <> person_id_at_load) as events_of_merged_persons
from warehouse.events
group by team_id, ("timestamp" at time zone 'UTC')::date;

-- All that must come out the same for every cut of the log into batches, as text: `etl digest` hashes it and
-- `etl rebuild` compares it. Times in microseconds since 1970.
create view ops.digest_entry as
select
    'persons' as section,
    format('%s %s', team_id, person_id) as key,
    format(
        'distinct id %s, created %s by %s, identified %s, merged into %s',
        distinct_id, (extract(epoch from created_at) * 1000000)::bigint, created_by_uuid, is_identified, merged_into
    ) as value
from warehouse.person
union all
select
    'properties' as section,
    format('%s %s', team_id, person_id) as key,
    properties::text as value
from warehouse.person
where merged_into is null
union all
select
    'distinct ids' as section,
    format('%s %s', team_id, distinct_id) as key,
    person_id::text as value
from warehouse.person_distinct_id
where not is_personless
union all
select
    'events' as section,
    format('%s %s %s', team_id, uuid, distinct_id) as key,
    person_id::text as value
from warehouse.events
union all
select
    'merges' as section,
    format('%s %s %s', team_id, uuid, distinct_id) as key,
    format(
        '%s, other id %s, %s and %s, then %s',
        outcome, source_distinct_id, target_person_id, source_person_id, person_id
    ) as value
from warehouse.merge
union all
select
    'groups' as section,
    format('%s %s %s', team_id, group_type, group_key) as key,
    properties::text as value
from warehouse.group_profile
union all
select
    'held events' as section,
    format('%s %s %s', team_id, uuid, distinct_id) as key,
    format('due %s', (extract(epoch from due_at) * 1000000)::bigint) as value
from buffer.event
union all
select
    'quarantined events' as section,
    landing_id::text as key,
    coalesce(reasons #>> '{0,expectation}', '') as value
from quarantine.event;

revoke execute on function warehouse.person_history(bigint, text) from public;
grant execute on function warehouse.person_history(bigint, text) to auditor;
grant select on warehouse.group_profile to auditor;  -- noqa: PRS
grant select on warehouse.groups to auditor;
grant select on warehouse.refused_merges to auditor;
grant select on warehouse.daily_unique_persons to auditor;
grant select on warehouse.daily_new_persons to auditor;
grant select on warehouse.daily_merge_effects to auditor;
grant select on ops.merge_decision to auditor;
