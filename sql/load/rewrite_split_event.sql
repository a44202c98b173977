-- The one case in which loaded rows are rewritten: rows of ids that were split off, and rows stamped with a person that
-- lives again without their id. No override can say it, because rows of several ids carry the same person.
with moved as materialized (
    select
        m.team_id,
        m.distinct_id,
        m.person_id,
        s.distinct_id is not null as is_split_off
    from staging.refolded_person as r
    inner join warehouse.person_distinct_id as m
        on r.team_id = m.team_id and r.person_id = m.person_id and not m.is_personless
    left join staging.split as s on m.team_id = s.team_id and m.distinct_id = s.distinct_id
)

update warehouse.stored_event
set person_id = m.person_id
from moved as m
where
    warehouse.stored_event.team_id = m.team_id
    and warehouse.stored_event.distinct_id = m.distinct_id
    and warehouse.stored_event.person_id <> m.person_id
    and (
        m.is_split_off
        or (warehouse.stored_event.team_id, warehouse.stored_event.person_id) in (
            select
                v.team_id,
                v.person_id
            from staging.revived_person as v
        )
    );
