-- One quarantined row, whole, and what became of it: waiting (landed again, no batch has taken it yet), loaded, held,
-- quarantined again or duplicate.
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
        when
            exists (
                select from warehouse.stored_event as e
                where
                    e.team_id = q.team_id
                    and e.landing_id = q.replayed_landing_id
                    and e.distinct_id = left(
                        coalesce(
                            nullif(q.distinct_id, ''),
                            nullif(q.properties ->> '$distinct_id', ''),
                            q.properties ->> 'distinct_id'
                        ), 200
                    )
            )
            then 'loaded'
        else 'duplicate'
    end as fate
from quarantine.event as q
left join ops.batch as a
    on
        (q.replayed_xid, q.replayed_landing_id) > (a.lower_xid, a.lower_landing_id)
        and (q.replayed_xid, q.replayed_landing_id) <= (a.upper_xid, a.upper_landing_id)
        and a.status = 'loaded'
where q.landing_id = %(landing_id)s::bigint;
