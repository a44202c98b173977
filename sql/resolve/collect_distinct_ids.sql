-- Every distinct id that the batch or the buffer names, with the person it has by now.
insert into staging.distinct_id (team_id, distinct_id, person_id, personless_person_id, known_first_seen_at)
select
    n.team_id,
    n.distinct_id,
    case when not m.is_personless then m.person_id end as person_id,
    case when m.is_personless then m.person_id end as personless_person_id,
    m.first_seen_at as known_first_seen_at
from (
    select
        team_id,
        distinct_id
    from staging.accepted_event
    union
    select
        team_id,
        other_id as distinct_id
    from staging.accepted_event
    where is_merging
    union
    select
        team_id,
        distinct_id
    from buffer.event
) as n
left join warehouse.person_distinct_id as m
    on n.team_id = m.team_id and n.distinct_id = m.distinct_id;
