-- The merges: what they did stays, between ids that are nobody's.
with former as materialized (
    select
        m.team_id,
        m.distinct_id as former_distinct_id,
        m.uuid,
        m.event,
        m.landing_id,
        m.batch_id,
        hash_record_extended(m, 0) as hash,
        coalesce(d.distinct_id, m.distinct_id) as distinct_id,
        coalesce(s.distinct_id, m.source_distinct_id) as source_distinct_id,
        coalesce(a.person_id, m.target_person_id) as target_person_id,
        coalesce(b.person_id, m.source_person_id) as source_person_id,
        coalesce(c.person_id, m.person_id) as person_id,
        d.distinct_id is not null as is_own
    from warehouse.merge as m
    left join staging.erased_id as d on m.team_id = d.team_id and m.distinct_id = d.former_distinct_id
    left join staging.erased_id as s on m.team_id = s.team_id and m.source_distinct_id = s.former_distinct_id
    left join staging.erased_id as a on m.team_id = a.team_id and m.target_person_id = a.former_person_id
    left join staging.erased_id as b on m.team_id = b.team_id and m.source_person_id = b.former_person_id
    left join staging.erased_id as c on m.team_id = c.team_id and m.person_id = c.former_person_id
    where coalesce(d.team_id, s.team_id, a.team_id, b.team_id, c.team_id) is not null
),

written as (
    update warehouse.merge as m
    set
        distinct_id = f.distinct_id,
        source_distinct_id = f.source_distinct_id,
        target_person_id = f.target_person_id,
        source_person_id = f.source_person_id,
        person_id = f.person_id
    from former as f
    where
        m.team_id = f.team_id and m.distinct_id = f.former_distinct_id and m.uuid = f.uuid and m.event = f.event
    returning
        m.landing_id,
        hash_record_extended(m, 0) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    f.batch_id,
    'merges' as name,
    count(*) filter (where f.is_own) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
