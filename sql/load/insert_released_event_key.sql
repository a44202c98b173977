-- Remember the keys of the released events.
insert into warehouse.event_key (team_id, uuid, distinct_id, event, "timestamp")
select
    b.team_id,
    b.uuid,
    b.distinct_id,
    b.event,
    b."timestamp"
from buffer.event as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
where d.person_id is not null;
