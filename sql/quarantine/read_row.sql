-- One quarantined row, whole, and what became of it: waiting (landed again, no batch has taken it yet), loaded, held,
-- quarantined again or duplicate.
with stored as materialized (
    select e.landing_id
    from warehouse.stored_event as e
    where
        (e.team_id, e.landing_id, e.distinct_id) in (
            select
                q.team_id,
                q.replayed_landing_id,
                left(
                    coalesce(
                        nullif(q.distinct_id, ''),
                        nullif(q.properties ->> '$distinct_id', ''),
                        q.properties ->> 'distinct_id'
                    ), 200
                )
            from quarantine.event as q
            where q.landing_id = %(landing_id)s::bigint
        )
)

select
    q.*,
    a.batch_id as replayed_batch_id,
    case
        when q.replayed_landing_id is null then q.resolution
        when a.batch_id is null then 'waiting'
        when
            exists (select from quarantine.event as n where n.landing_id = q.replayed_landing_id)
            then 'quarantined again'
        when exists (select from buffer.event as b where b.landing_id = q.replayed_landing_id) then 'held'
        when exists (select s.landing_id from stored as s) then 'loaded'
        else 'duplicate'
    end as fate
from quarantine.event as q
left join ops.batch as a
    on
        (q.replayed_xid, q.replayed_landing_id) > (a.lower_xid, a.lower_landing_id)
        and (q.replayed_xid, q.replayed_landing_id) <= (a.upper_xid, a.upper_landing_id)
        and a.status = 'loaded'
where q.landing_id = %(landing_id)s::bigint;
