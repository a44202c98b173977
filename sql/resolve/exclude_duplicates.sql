-- De-duplicate by (team_id, distinct_id, uuid): within the batch, against the buffer, and against everything ever loaded.
-- After the gate and not before: a refused row must not shadow a good one that carries the same uuid.
insert into staging.excluded (landing_id, kind)
select
    e.landing_id,
    'duplicate' as kind
from staging.accepted_event as e
where
    exists (
        select from warehouse.event_key as k
        where k.team_id = e.team_id and k.uuid = e.uuid and k.distinct_id = e.distinct_id
    )
    or exists (
        select from buffer.event as b
        where b.team_id = e.team_id and b.distinct_id = e.distinct_id and b.uuid = e.uuid
    )
union
select
    e.landing_id,
    'duplicate' as kind
from staging.accepted_event as e
inner join (
    select
        team_id,
        distinct_id,
        uuid,
        min(ordinal) as first_ordinal
    from staging.accepted_event
    group by team_id, distinct_id, uuid
    having count(*) > 1
) as r
    on e.team_id = r.team_id and e.distinct_id = r.distinct_id and e.uuid = r.uuid
where e.ordinal > r.first_ordinal;
