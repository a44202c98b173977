-- Which ordinary event would give each id without person its person: the first that does so at once (anonymous, or an
-- $identify that merges nothing), and the first that is held. Held events of earlier batches come first.
insert into staging.birth (team_id, distinct_id, is_hold, born_at, ordinal, "timestamp", uuid)
select distinct on (c.team_id, c.distinct_id, c.is_hold)
    c.team_id,
    c.distinct_id,
    c.is_hold,
    c.born_at,
    c.ordinal,
    c."timestamp",
    c.uuid
from (
    select
        e.team_id,
        e.distinct_id,
        not(e.is_anonymous or e.is_identify) as is_hold,
        e.arrived_at + case
            when e.is_anonymous or e.is_identify then interval '0'
            else make_interval(secs => %(hold_seconds)s::double precision)
        end as born_at,
        e.ordinal,
        e."timestamp",
        e.uuid
    from staging.accepted_event as e
    inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
    where d.person_id is null and not e.is_merging and not e.is_personless
    union all
    select
        b.team_id,
        b.distinct_id,
        true as is_hold,
        b.due_at as born_at,
        0 as ordinal,
        b."timestamp",
        b.uuid
    from buffer.event as b
) as c
order by c.team_id, c.distinct_id, c.is_hold, c.born_at, c.ordinal, c.uuid;
