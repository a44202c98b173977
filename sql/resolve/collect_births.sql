-- Which ordinary event would give each id without person its person: the first that does so at once (anonymous, of a
-- mobile SDK, or an $identify that merges nothing), and the first that is held; of this batch, and of those held by
-- earlier ones.
insert into staging.birth (team_id, distinct_id, is_hold, born_at, ordinal, "timestamp", uuid)
select
    c.team_id,
    c.distinct_id,
    c.is_hold,
    e.arrived_at + case
        when c.is_hold then make_interval(secs => %(hold_seconds)s::double precision)
        else interval '0'
    end as born_at,
    e.ordinal,
    e."timestamp",
    e.uuid
from (
    select
        s.team_id,
        s.distinct_id,
        not(s.is_immediate or s.is_identify) as is_hold,
        min(s.ordinal) as ordinal
    from staging.accepted_event as s
    inner join staging.distinct_id as d on s.team_id = d.team_id and s.distinct_id = d.distinct_id
    where d.person_id is null and not s.is_merging and not s.is_personless
    group by s.team_id, s.distinct_id, not (s.is_immediate or s.is_identify)
) as c
inner join staging.event as e on c.ordinal = e.ordinal
union all
select
    b.team_id,
    b.distinct_id,
    true as is_hold,
    min(b.due_at) as born_at,
    0 as ordinal,
    (array_agg(b."timestamp" order by b.due_at, b.xid, b.landing_id))[1] as "timestamp",
    (array_agg(b.uuid order by b.due_at, b.xid, b.landing_id))[1] as uuid
from buffer.event as b
group by b.team_id, b.distinct_id;
