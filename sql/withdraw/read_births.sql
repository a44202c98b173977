-- Which of the remaining ordinary events gives each id its person: the first that does so at once, and the first that
-- is held, or would have been. Also those that retention has dropped since.
with born as (
    select b.*
    from staging.withdrawn_id as i
    inner join ops.birth as b on i.team_id = b.team_id and i.distinct_id = b.distinct_id
    union all
    select d.*
    from staging.withdrawn_id as i
    inner join ops.dropped_birth as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
)

select distinct on (b.team_id, b.distinct_id, b.is_hold)
    b.team_id,
    b.distinct_id,
    b.xid::text::bigint as xid,
    b.landing_id,
    b.is_hold,
    b.born_at,
    b."timestamp",
    b.uuid
from born as b
order by b.team_id, b.distinct_id, b.is_hold, b.xid, b.landing_id;
