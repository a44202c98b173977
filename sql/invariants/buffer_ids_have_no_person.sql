-- No event is held whose distinct id has a person.
select
    b.uuid,
    b.distinct_id,
    m.person_id
from buffer.event as b
inner join warehouse.person_distinct_id as m on b.team_id = m.team_id and b.distinct_id = m.distinct_id
where not m.is_personless;
