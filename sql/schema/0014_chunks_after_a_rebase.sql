-- Who lands files notes the positions of what it landed. Those are transaction ids and the offset of
-- ops.watermark.xid_offset, which whatever holds pg_current_xact_id() or a snapshot against landing.event.xid adds too.
grant select (xid_offset) on ops.watermark to event_lander;
