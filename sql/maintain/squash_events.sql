-- Write the surviving person into rows that were loaded with one merged since. Found by the survivor's distinct ids,
-- so that only their rows are read.
update warehouse.stored_event
set person_id = o.person_id
from warehouse.person_override as o
inner join warehouse.person_distinct_id as m
    on o.team_id = m.team_id and o.person_id = m.person_id and not m.is_personless
where
    warehouse.stored_event.team_id = o.team_id
    and warehouse.stored_event.distinct_id = m.distinct_id
    and warehouse.stored_event.person_id = o.old_person_id
    and (o.team_id, o.old_person_id) in (
        select
            s.team_id,
            s.old_person_id
        from staging.squash as s
    );
