-- Ids that have events and no person: the person id they imply stands in their rows.
insert into warehouse.person_distinct_id (
    team_id, distinct_id, person_id, is_personless, tied_by_uuid, first_seen_at, updated_at
)
select
    i.team_id,
    i.distinct_id,
    i.person_id,
    true as is_personless,
    (array_agg(e.uuid order by e.xid, e.landing_id))[1] as tied_by_uuid,
    min(e."timestamp") as first_seen_at,
    now() as updated_at
from staging.withdrawn_id as i
inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
where
    not ops.is_about_nobody(e.event)
    and not exists (
        select from staging.distinct_id as d where d.team_id = i.team_id and d.distinct_id = i.distinct_id
    )
group by i.team_id, i.distinct_id, i.person_id;
