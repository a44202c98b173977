-- After a restore from a dump: give rows landed from now on transaction ids above all that landing holds, by an offset
-- in the column's default. Rows landed since the restore (their landing_id is newer than any processed, their position
-- is not) get it too, and what refers to them follows. Returns the new offset.
create or replace function ops.rebase_watermark()
returns bigint
language plpgsql
as $$
declare
    old_offset bigint;
    new_offset bigint;
begin
    lock table landing.event in access exclusive mode;
    select w.xid_offset into strict old_offset from ops.watermark as w for update;
    select greatest((select max(e.xid) from landing.event as e), w.xid)::text::bigint
    into strict new_offset
    from ops.watermark as w;
    update landing.event
    set xid = ((landing.event.xid::text::bigint - old_offset + new_offset)::text)::xid8
    from ops.watermark as w
    where
        landing.event.landing_id > w.newest_landing_id
        and (landing.event.xid, landing.event.landing_id) <= (w.xid, w.landing_id);
    perform ops.follow_shifted_rows(1, 0);
    execute format(
        'alter table landing.event alter column xid '
        'set default (((pg_current_xact_id()::text)::bigint + %s)::text)::xid8',
        new_offset
    );
    -- An open batch has changed nothing that anyone can see; its rows are taken up again.
    perform ops.forget_written_ahead();
    delete from ops.batch where status = 'open';
    update ops.watermark
    set
        xid_offset = new_offset,
        system_identifier = (select c.system_identifier from pg_control_system() as c);
    return new_offset;
end;
$$;
