-- Decisions about refused merges.
update ops.merge_decision as d
set
    distinct_id = i.distinct_id,
    why = ops.without_ids(d.why, %(ids)s::text[])
from staging.erased_id as i
where d.team_id = i.team_id and d.distinct_id = i.former_distinct_id;
