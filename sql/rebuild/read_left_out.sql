-- Projects that came from another shard: their history did not arrive as this landing has it, so no replay makes it
-- again. And how many processed rows of theirs landing holds.
select
    coalesce(array_agg(m.team_id), '{}') as left_out,
    (
        select count(*)
        from landing.event as l
        cross join ops.watermark as w
        where l.team_id = any(coalesce(array_agg(m.team_id), '{}')) and (l.xid, l.landing_id) <= (w.xid, w.landing_id)
    ) as rows
from (
    select distinct p.team_id
    from ops.moved_project as p
    inner join landing.project as t on p.team_id = t.team_id
) as m;
