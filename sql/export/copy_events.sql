-- The events of a day in the order of their arrival, moments as microseconds since 1970. Sorted before it becomes text,
-- which is longer.
copy (
    select
        e.team_id,
        e.uuid,
        e.event,
        e.distinct_id,
        (extract(epoch from e."timestamp") * 1000000)::bigint as "timestamp",
        e.properties::text as properties,
        e.elements_chain,
        e.person_mode,
        e.ip,
        e.sent_at,
        (extract(epoch from e.received_at) * 1000000)::bigint as received_at
    from (
        select
            s.team_id,
            s.uuid,
            s.event,
            s.distinct_id,
            s."timestamp",
            s.properties,
            s.elements_chain,
            s.person_mode,
            s.ip,
            s.sent_at,
            s.received_at
        from warehouse.stored_event as s
        where
            s."timestamp" >= %(day)s::date::timestamptz
            and s."timestamp" < (%(day)s::date + 1)::timestamptz
            and (%(team_id)s::bigint is null or s.team_id = %(team_id)s::bigint)
            -- As in warehouse.events: what the open batch has written ahead appears when it is closed.
            and s.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open')
        order by s.xid, s.landing_id
        offset 0
    ) as e
) to stdout;  -- noqa: PRS
