-- What every merging event did to which persons, or why it was refused.
create or replace view warehouse.merges as  -- noqa: PRS
select
    team_id,
    uuid,
    event,
    "timestamp",
    distinct_id,
    source_distinct_id,
    outcome,
    reason,
    target_person_id,
    source_person_id,
    person_id,
    batch_id,
    landing_id
from warehouse.merge;

grant select on warehouse.merges to auditor;  -- noqa: PRS
