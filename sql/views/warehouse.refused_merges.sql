-- The refused merges with what to do about each. Moot: the two ids are one person by now.
create or replace view warehouse.refused_merges as
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
    where x.team_id = m.team_id and x.uuid = m.uuid and x.distinct_id = m.distinct_id and x.event = m.event
    order by x.decision_id desc
    limit 1
) as d on true
where m.outcome = 'refused' and m.event <> '$split';

grant select on warehouse.refused_merges to auditor;  -- noqa: PRS
