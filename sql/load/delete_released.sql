-- Released events leave the buffer.
delete from buffer.event
using staging.distinct_id as d
where
    buffer.event.team_id = d.team_id
    and buffer.event.distinct_id = d.distinct_id
    and d.person_id is not null;
