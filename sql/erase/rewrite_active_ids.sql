-- The page's days of the ids: counted as they were. One refresh at a time.
with locked as (
    select s.batch_id
    from ops.report_state as s
    for update
)

update ops.report_active_id as a
set
    distinct_id = i.distinct_id,
    person_id = coalesce(p.person_id, a.person_id)
from staging.erased_id as i
cross join locked
inner join ops.report_active_id as o on i.team_id = o.team_id and i.former_distinct_id = o.distinct_id
left join staging.erased_id as p on o.team_id = p.team_id and o.person_id = p.former_person_id
where a.team_id = i.team_id and a.distinct_id = i.former_distinct_id and a.day = o.day;
