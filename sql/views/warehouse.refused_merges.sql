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
            then
                format(
                    'One person? etl merge accept %s --why TEXT. Two? etl merge reject %s --why TEXT.', m.uuid, m.uuid
                )
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

comment on view warehouse.refused_merges is 'Merging events that were refused, and what was decided about each';
comment on column warehouse.refused_merges.team_id is 'The project';
comment on column warehouse.refused_merges.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.refused_merges.event is 'The event''s name: $identify, $create_alias, $merge_dangerously';
comment on column warehouse.refused_merges."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.refused_merges.arrived_at is
'When it arrived, by the arrival clock, which never goes back: merges count in this order';
comment on column warehouse.refused_merges.distinct_id is 'The event''s own distinct id';
comment on column warehouse.refused_merges.source_distinct_id is 'The other id that the event names';
comment on column warehouse.refused_merges.reason is 'Why it was refused';
comment on column warehouse.refused_merges.person_id is 'The person of distinct_id at the event';
comment on column warehouse.refused_merges.source_person_id is
'The person of source_distinct_id at the event; null: it had none';
comment on column warehouse.refused_merges.present_person_id is 'The person of distinct_id now; null: it has none';
comment on column warehouse.refused_merges.present_source_person_id is
'The person of source_distinct_id now; null: it has none';
comment on column warehouse.refused_merges.status is
'open: nobody has decided; accepted or rejected: somebody has; moot: both ids are one person by now';
comment on column warehouse.refused_merges.decided_by is 'Who decided; null: nobody yet';
comment on column warehouse.refused_merges.decided_at is 'When it was decided; null: not yet';
comment on column warehouse.refused_merges.why is 'The reason given with the decision; null: none';
comment on column warehouse.refused_merges.landed_uuid is
'The $merge_dangerously that accepting it landed; null unless accepted';
comment on column warehouse.refused_merges.remedy is 'What to run; null where nothing is to be decided';

grant select on warehouse.refused_merges to auditor;  -- noqa: PRS
