-- Every quarantined row of every batch is still there, if it was not dropped after retention, and each that was landed
-- again is in landing (until that day is dropped after retention). Not asked of what came with a project from another
-- shard, whose landing may have dropped it there.
select
    b.batch_id,
    b.quarantined - coalesce(a.dropped, 0) as expected,
    count(q.landing_id) as found,
    null::bigint as replayed_landing_id
from ops.batch as b
left join (
    select
        batch_id,
        sum(quarantined)::bigint as dropped
    from ops.amendment
    group by batch_id
) as a on b.batch_id = a.batch_id
left join quarantine.event as q on b.batch_id = q.batch_id
where b.status = 'loaded'
group by b.batch_id, b.quarantined, a.dropped
having count(q.landing_id) <> b.quarantined - coalesce(a.dropped, 0)
union all
select
    q.batch_id,
    1 as expected,
    0 as found,
    q.replayed_landing_id
from quarantine.event as q
where
    q.resolution = 'replayed'
    and not exists (select from ops.moved_project as m where m.batch_id = q.batch_id)
    and (q.received_at at time zone 'UTC')::date
    > coalesce((select max(d.day) from ops.dropped_landing as d), '-infinity'::date)
    and not exists (
        select from landing.event as l
        where l.xid = q.replayed_xid and l.landing_id = q.replayed_landing_id and l.received_at = q.received_at
    );
