-- Audit: whatever the product changes in some tables goes into the digests of the audit log.

-- The tables whose rows change after they are written. Of each the audit log has a digest of all rows, kept by the
-- trigger below.
create function ops.audited_tables()
returns text[]
language sql
immutable
as $$
select array[
    'warehouse.person',
    'warehouse.person_distinct_id',
    'warehouse.person_override',
    'warehouse.group_profile',
    'warehouse.action',
    'warehouse.action_step',
    'warehouse.action_filter',
    'warehouse.matched_chain',
    'warehouse.cohort',
    'warehouse.cohort_condition',
    'warehouse.cohort_alternative',
    'warehouse.cohort_distinct_id',
    'buffer.event',
    'quarantine.event',
    'ops.set_apart',
    'ops.merge_decision',
    'ops.action_decision',
    'ops.cohort_decision',
    'ops.dropped_landing',
    'ops.dropped_events',
    'ops.dropped_id',
    'ops.dropped_birth',
    'ops.dropped_group',
    'ops.check_result',
    'ops.amendment',
    'ops.erasure',
    'ops.erased_id',
    'ops.removed_project',
    'ops.moved_project'
]
$$;

-- Add what a statement changed to the digest of its table, where the transaction is one of the product's own, which
-- has set it to 0 (audit/begin.sql). A change by anybody else goes past the audit log, and `etl audit verify` finds it.
create function ops.audit_changes()
returns trigger
language plpgsql
as $$
declare
    setting text := format('audit.%s_%s', tg_table_schema, tg_table_name);
    digest bigint := nullif(current_setting(setting, true), '')::bigint;
begin
    if digest is null then
        return null;
    end if;
    if tg_op <> 'INSERT' then
        digest := digest # (select coalesce(bit_xor(hash_record_extended(r, 0)), 0) from former as r);
    end if;
    if tg_op <> 'DELETE' then
        digest := digest # (select coalesce(bit_xor(hash_record_extended(r, 0)), 0) from latter as r);
    end if;
    perform set_config(setting, digest::text, true);
    return null;
end;
$$;

do $$
declare
    name text;
begin
    foreach name in array ops.audited_tables() loop
        execute format(
            'create trigger audit_insert after insert on %s referencing new table as latter '
            'for each statement execute function ops.audit_changes()', name
        );
        execute format(
            'create trigger audit_update after update on %s referencing old table as former new table as latter '
            'for each statement execute function ops.audit_changes()', name
        );
        execute format(
            'create trigger audit_delete after delete on %s referencing old table as former '
            'for each statement execute function ops.audit_changes()', name
        );
    end loop;
end;
$$;

-- Who audits reads what was landed and what is held, too.
grant usage on schema landing, buffer to auditor;
grant select on landing.event, landing.project, buffer.event, buffer.released_event to auditor;
