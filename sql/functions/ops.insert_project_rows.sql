-- Insert the rows in staging.moved_row, which are another shard's, into their table, and count them. Positions are
-- shifted, in their order, to where this server's landing has room for them; the batch is the one that brings them.
-- What this database numbers or works out itself is left to it.
create or replace function ops.insert_project_rows(
    name text, xid_shift bigint, landing_id_shift bigint, batch_id bigint
)
returns bigint
language plpgsql
as $$
declare
    columns text;
    places text;
    inserted bigint;
begin
    select
        string_agg(format('%I', a.attname), ', ' order by a.attnum),
        string_agg(
            case
                when a.attname in ('xid', 'first_xid', 'replayed_xid')
                    then format('((r.%I::text::bigint + $1)::text)::xid8', a.attname)
                when a.attname in ('landing_id', 'first_landing_id', 'last_landing_id', 'replayed_landing_id')
                    then format('r.%I + $2', a.attname)
                when a.attname in ('batch_id', 'held_by_batch_id', 'released_by_batch_id') then '$3'
                when a.attname = 'row_hash'
                    then
                        'ops.stored_event_hash(r.team_id, r.uuid, r.distinct_id, r.event, r."timestamp", '
                        'r.person_mode, r.elements_chain, r.has_property_operations, r.is_lifted, r.ip, r.sent_at, '
                        'r.received_at, $3, ((r.xid::text::bigint + $1)::text)::xid8, r.landing_id + $2, '
                        'jsonb_hash_extended(r.properties, 0))'
                else format('r.%I', a.attname)
            end,
            ', ' order by a.attnum
        )
    into strict columns, places
    from pg_attribute as a
    where
        a.attrelid = name::regclass
        and a.attnum > 0
        and not a.attisdropped
        and a.attidentity = ''
        and a.attgenerated = '';
    execute format(
        'insert into %s (%s) select %s from staging.moved_row as m '
        'cross join lateral jsonb_populate_record(null::%s, m.line) as r',
        name::regclass, columns, places, name::regclass
    ) using xid_shift, landing_id_shift, batch_id;
    get diagnostics inserted = row_count;
    delete from staging.moved_row;
    return inserted;
end;
$$;
