-- What the remaining merging events have done, now that the others never were.
update warehouse.merge
set
    outcome = n.outcome,
    target_person_id = n.target_person_id,
    source_person_id = n.source_person_id,
    person_id = n.person_id,
    reason = n.reason
from staging.merge as n
inner join staging.withdrawn_id as i on true
where
    warehouse.merge.team_id = i.team_id
    and warehouse.merge.distinct_id = i.distinct_id
    and warehouse.merge.landing_id = n.landing_id;
