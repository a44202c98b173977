-- After the transaction ids of rows in landing were shifted, which are rows that no batch has taken yet: what refers to
-- them by transaction and landing id gets their new one. The landing id stays and tells which row is meant; the rows of
-- a landed chunk have one transaction, so its first row tells the chunk's. A withdrawal lists chunks itself. One with a
-- landing id of those given came with a project, and lists positions that are not of this server.
create or replace function ops.follow_shifted_rows(first_landing_id bigint, last_landing_id bigint)
returns void
language plpgsql
as $$
begin
    update ops.landed_range
    set xid = e.xid
    from landing.event as e
    cross join ops.watermark as w
    where
        (e.xid, e.landing_id) > (w.xid, w.landing_id)
        and ops.landed_range.first_landing_id = e.landing_id
        and ops.landed_range.xid <> e.xid;
    update quarantine.event
    set replayed_xid = e.xid
    from landing.event as e
    cross join ops.watermark as w
    where
        (e.xid, e.landing_id) > (w.xid, w.landing_id)
        and quarantine.event.replayed_landing_id = e.landing_id
        and quarantine.event.replayed_xid <> e.xid;
    update ops.set_apart
    set xid = e.xid
    from landing.event as e
    cross join ops.watermark as w
    where
        (e.xid, e.landing_id) > (w.xid, w.landing_id)
        and ops.set_apart.landing_id = e.landing_id
        and ops.set_apart.xid <> e.xid;
    update landing.event
    set
        properties = jsonb_set(
            landing.event.properties,
            '{ranges}',
            (
                select jsonb_agg(jsonb_set(r.range, '{0}', to_jsonb(coalesce(e.xid::text, r.range ->> 0))))
                from jsonb_array_elements(landing.event.properties -> 'ranges') as r (range)
                left join landing.event as e
                    on (e.xid, e.landing_id) > (w.xid, w.landing_id) and (r.range ->> 1)::bigint = e.landing_id
            )
        )
    from ops.watermark as w
    where
        landing.event.is_operator
        and landing.event.event = '$withdraw_file'
        and (landing.event.xid, landing.event.landing_id) > (w.xid, w.landing_id)
        and landing.event.landing_id not between first_landing_id and last_landing_id;
end;
$$;
