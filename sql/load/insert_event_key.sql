-- Remember the keys of the batch's events between two places, so that a redelivery is recognised whenever it comes.
insert into warehouse.event_key (team_id, uuid, distinct_id, event, "timestamp")
select
    e.team_id,
    e.uuid,
    e.distinct_id,
    e.event,
    e."timestamp"
from staging.accepted_event as e
inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
where
    e.ordinal > %(after_ordinal)s::bigint and e.ordinal <= %(upto_ordinal)s::bigint
    and (d.person_id is not null or e.is_personless);
