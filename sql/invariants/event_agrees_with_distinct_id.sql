-- Every event, as readers see it, belongs to the person of its distinct id (personless ones: to the id it implies), but
-- for a $split, by which nobody was active.
select
    e.team_id,
    e.uuid,
    e.distinct_id,
    e.person_id,
    m.person_id as expected_person_id
from warehouse.events as e
left join warehouse.person_distinct_id as m on e.team_id = m.team_id and e.distinct_id = m.distinct_id
where
    case when e.event <> '$split' then m.person_id end is distinct from e.person_id;
