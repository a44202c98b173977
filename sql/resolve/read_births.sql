-- The births of ids that have no person after the fold. A hold gives birth once it is over at as_of; at one moment it comes
-- before an arrival.
select distinct on (b.team_id, b.distinct_id)
    b.team_id,
    b.distinct_id,
    b.is_hold,
    b."timestamp",
    b.uuid
from staging.birth as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
where
    d.person_id is null
    and (not b.is_hold or b.born_at <= %(as_of)s::timestamptz)
order by b.team_id, b.distinct_id, b.born_at, b.is_hold desc;
