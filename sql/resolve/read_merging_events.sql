-- The batch's merging events in arrival order.
select
    e.ordinal,
    e.landing_id,
    e.team_id,
    e.uuid,
    e.event,
    e.distinct_id as target,
    e.other_id as source,
    e."timestamp",
    e.arrived_at,
    p.merge_move_limit,
    e.is_captured and not p.is_client_merge_allowed as is_from_client,
    ops.is_merge_guarded() as is_guarded
from staging.accepted_event as e
inner join landing.project as p on e.team_id = p.team_id
where e.is_merging
order by e.ordinal;
