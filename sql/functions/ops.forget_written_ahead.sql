-- Remove what a run that did not get to its end wrote ahead of its commit: events of the open batch, with their keys.
create or replace function ops.forget_written_ahead()
returns void
language plpgsql
as $$
begin
    if not exists (select from ops.written_ahead) then
        return;
    end if;
    delete from warehouse.event_key
    using warehouse.stored_event as s
    where
        s.batch_id in (select a.batch_id from ops.written_ahead as a)
        and warehouse.event_key.team_id = s.team_id
        and warehouse.event_key.uuid = s.uuid
        and warehouse.event_key.distinct_id = s.distinct_id
        and warehouse.event_key.event = s.event;
    delete from warehouse.stored_event
    where warehouse.stored_event.batch_id in (select a.batch_id from ops.written_ahead as a);
    delete from ops.written_ahead;
end;
$$;
