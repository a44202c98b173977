-- The events, up to a time and position, that have said something of the ids that were one person at another position;
-- for those that retention has dropped since, what of them still counted then.
create or replace function ops.person_events(
    of_team_id bigint,
    of_distinct_id text,
    known_xid xid8,
    known_landing_id bigint,
    upto_stamped_at timestamptz,
    upto_xid xid8,
    upto_landing_id bigint
)
returns table (
    event text,
    has_property_operations boolean,
    stamped_at timestamptz,
    xid xid8,
    landing_id bigint,
    properties jsonb
)
language sql
stable
as $$
with recursive joined (distinct_id) as (
    select of_distinct_id
    union
    select case when m.distinct_id = j.distinct_id then m.source_distinct_id else m.distinct_id end
    from joined as j
    inner join lateral (
        select a.*
        from warehouse.merge as a
        where a.team_id = of_team_id and a.distinct_id = j.distinct_id
        union all
        select b.*
        from warehouse.merge as b
        where b.team_id = of_team_id and b.source_distinct_id = j.distinct_id
    ) as m on true
    where
        m.outcome in ('created', 'attached', 'merged', 'no-op')
        and (m.xid, m.landing_id) <= (known_xid, known_landing_id)
        and not exists (
            select
            from warehouse.merge as s
            where
                s.team_id = of_team_id
                and s.outcome = 'split'
                and s.distinct_id in (m.distinct_id, m.source_distinct_id)
                and (s.xid, s.landing_id) > (m.xid, m.landing_id)
                and (s.xid, s.landing_id) <= (known_xid, known_landing_id)
        )
)

select
    e.event,
    e.has_property_operations,
    least(e."timestamp", e.received_at) as stamped_at,
    e.xid,
    e.landing_id,
    case
        when e.has_property_operations then e.properties #> '{}'
        else e.properties - array['$set', '$set_once', '$unset']
    end as properties
from joined as j
inner join warehouse.stored_event as e on e.team_id = of_team_id and j.distinct_id = e.distinct_id
where
    (e.has_property_operations or e.is_lifted)
    and (least(e."timestamp", e.received_at), e.xid, e.landing_id)
    <= (upto_stamped_at, upto_xid, upto_landing_id)
union all
select
    '$set' as event,
    true as has_property_operations,
    o.stamped_at,
    o.xid,
    o.landing_id,
    o.properties
from joined as j
inner join ops.dropped_id as d on d.team_id = of_team_id and j.distinct_id = d.distinct_id
cross join lateral ops.state_operations(d.property_state) as o
where (o.stamped_at, o.xid, o.landing_id) <= (upto_stamped_at, upto_xid, upto_landing_id)
$$;
