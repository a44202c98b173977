-- Persons merged away before this batch whose ids a split may bring back to life: those named after its two ids.
select
    p.team_id,
    p.person_id,
    p.distinct_id,
    p.is_identified,
    p.created_at,
    p.created_by_uuid
from (
    select
        e.team_id,
        e.distinct_id
    from staging.accepted_event as e
    where e.event = '$split' and e.is_merging
    union
    select
        e.team_id,
        e.other_id as distinct_id
    from staging.accepted_event as e
    where e.event = '$split' and e.is_merging
) as n
inner join warehouse.person as p on n.team_id = p.team_id and n.distinct_id = p.distinct_id
where p.merged_into is not null;
