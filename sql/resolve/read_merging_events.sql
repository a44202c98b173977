-- The batch's merging events in arrival order.
select
    ordinal,
    landing_id,
    team_id,
    uuid,
    event,
    distinct_id as target,
    other_id as source,
    "timestamp",
    arrived_at
from staging.accepted_event
where is_merging
order by ordinal;
