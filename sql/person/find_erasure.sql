-- Where an erasure is that no cycle has carried out: not taken from landing yet, or refused.
select
    exists(
        select from landing.event as l
        cross join ops.watermark as w
        where
            (l.xid, l.landing_id) > (w.xid, w.landing_id)
            and l.is_operator
            and l.event = '$erase'
            and l.uuid = %(uuid)s::uuid::text
    ) as is_waiting,
    (
        select max(q.landing_id)
        from quarantine.event as q
        where
            q.is_operator
            and q.event = '$erase'
            and q.uuid = %(uuid)s::uuid::text
            and q.resolution is distinct from 'replayed'
    ) as refused_landing_id;
