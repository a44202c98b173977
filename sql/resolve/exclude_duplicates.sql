-- De-duplicate by (team_id, distinct_id, event, uuid): within the batch, against the buffer, and against everything
-- ever loaded. After the gate and not before: a refused row must not shadow a good one that carries the same uuid. Of
-- erased events nobody knows whose they were, so uuid and name say that one is sent again.
insert into staging.excluded (landing_id, kind, first_landing_id)
select
    e.landing_id,
    'duplicate' as kind,
    max(r.first_landing_id) as first_landing_id
from staging.accepted_event as e
inner join (
    select
        s.team_id,
        s.distinct_id,
        s.event,
        s.uuid,
        0 as first_ordinal,
        null::bigint as first_landing_id
    from staging.event as s
    inner join warehouse.event_key as k
        on s.team_id = k.team_id and s.uuid = k.uuid and s.distinct_id = k.distinct_id and s.event = k.event
    union all
    select
        s.team_id,
        s.distinct_id,
        s.event,
        s.uuid,
        0 as first_ordinal,
        null as first_landing_id
    from staging.event as s
    inner join (
        select
            k.team_id,
            k.distinct_id,
            k.uuid,
            k.event
        from warehouse.event_key as k
        union all
        select
            b.team_id,
            b.distinct_id,
            b.uuid,
            b.event
        from buffer.event as b
    ) as k on s.team_id = k.team_id and s.uuid = k.uuid and s.event = k.event
    inner join ops.erased_id as i on k.team_id = i.team_id and k.distinct_id = i.distinct_id
    -- Nothing is looked up while nobody was erased.
    where exists (select o.distinct_id from ops.erased_id as o)
    union all
    select
        b.team_id,
        b.distinct_id,
        b.event,
        b.uuid,
        0 as first_ordinal,
        null as first_landing_id
    from buffer.event as b
    union all
    select
        f.team_id,
        f.distinct_id,
        f.event,
        f.uuid,
        min(f.ordinal) as first_ordinal,
        (array_agg(f.landing_id order by f.ordinal))[1] as first_landing_id
    from staging.accepted_event as f
    where f.uuid in (select g.uuid from staging.event as g group by g.uuid having count(*) > 1)
    group by f.team_id, f.distinct_id, f.event, f.uuid
    having count(*) > 1
) as r
    on e.team_id = r.team_id and e.distinct_id = r.distinct_id and e.event = r.event and e.uuid = r.uuid
where e.ordinal > r.first_ordinal
group by e.landing_id;
