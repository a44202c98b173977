-- Events of a day, of different users, to follow down to what was landed.
select distinct on (e.person_id)
    e.uuid,
    left(e.event, 200) as event,
    left(e.distinct_id, 200) as distinct_id
from (
    select
        v.uuid,
        v.event,
        v.distinct_id,
        v.person_id
    from warehouse.events as v
    where v."timestamp" >= %(day)s::date and v."timestamp" < %(day)s::date + 1 and v.person_id is not null
    limit 50
) as e
order by e.person_id asc, e.uuid asc
limit 3;
