-- The one case in which loaded rows are rewritten: rows of ids that were split off, and rows stamped with a person that
-- lives again without their id. No override can say it, because rows of several ids carry the same person.
update warehouse.stored_event
set person_id = m.person_id
from staging.refolded_person as r
inner join warehouse.person_distinct_id as m
    on r.team_id = m.team_id and r.person_id = m.person_id and not m.is_personless
where
    warehouse.stored_event.team_id = m.team_id
    and warehouse.stored_event.distinct_id = m.distinct_id
    and warehouse.stored_event.person_id <> m.person_id
    and (
        exists (select from staging.split as s where s.team_id = m.team_id and s.distinct_id = m.distinct_id)
        or exists (
            select from staging.revived_person as v
            where v.team_id = m.team_id and v.person_id = warehouse.stored_event.person_id
        )
    );
