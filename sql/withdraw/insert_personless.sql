-- Ids that have, or before retention had, events and no person: the person id they imply stands in their rows.
insert into warehouse.person_distinct_id (
    team_id, distinct_id, person_id, is_personless, tied_by_uuid, first_seen_at, updated_at
)
with seen as (
    select
        i.team_id,
        i.distinct_id,
        i.person_id,
        e.xid,
        e.landing_id,
        e.uuid,
        e."timestamp" as first_seen_at
    from staging.withdrawn_id as i
    inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
    where not ops.is_about_nobody(e.event)
    union all
    select
        i.team_id,
        i.distinct_id,
        i.person_id,
        d.first_xid as xid,
        d.first_landing_id as landing_id,
        d.first_uuid as uuid,
        d.first_seen_at
    from staging.withdrawn_id as i
    inner join ops.dropped_id as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
    where d.first_uuid is not null
)

select
    s.team_id,
    s.distinct_id,
    s.person_id,
    true as is_personless,
    (array_agg(s.uuid order by s.xid, s.landing_id))[1] as tied_by_uuid,
    min(s.first_seen_at) as first_seen_at,
    now() as updated_at
from seen as s
where
    not exists (
        select from staging.distinct_id as d where d.team_id = s.team_id and d.distinct_id = s.distinct_id
    )
group by s.team_id, s.distinct_id, s.person_id;
