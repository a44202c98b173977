-- Give rows that are not processed yet, and those that land from now on, transaction ids that are larger by a shift, so
-- that there is room below them. Waits for writers in flight. Not the rows that the room is for, which have the landing
-- ids given.
create or replace function ops.raise_positions(shift bigint, first_landing_id bigint, last_landing_id bigint)
returns void
language plpgsql
as $$
declare
    new_offset bigint;
begin
    lock table landing.event in access exclusive mode;
    update landing.event
    set xid = ((landing.event.xid::text::bigint + shift)::text)::xid8
    from ops.watermark as w
    where
        (landing.event.xid, landing.event.landing_id) > (w.xid, w.landing_id)
        and landing.event.landing_id not between first_landing_id and last_landing_id;
    perform ops.follow_shifted_rows(first_landing_id, last_landing_id);
    update ops.watermark
    set xid_offset = ops.watermark.xid_offset + shift
    returning xid_offset into strict new_offset;
    execute format(
        'alter table landing.event alter column xid '
        'set default (((pg_current_xact_id()::text)::bigint + %s)::text)::xid8',
        new_offset
    );
end;
$$;
