-- The digest of all rows of each audited table, as ops.audit_entry.state has them: see ops.audited_tables.
select
    'warehouse.person' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from warehouse.person as t
union all
select
    'warehouse.person_distinct_id' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from warehouse.person_distinct_id as t
union all
select
    'warehouse.person_override' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from warehouse.person_override as t
union all
select
    'warehouse.group_profile' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from warehouse.group_profile as t
union all
select
    'buffer.event' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from buffer.event as t
union all
select
    'quarantine.event' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from quarantine.event as t
union all
select
    'ops.set_apart' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from ops.set_apart as t
union all
select
    'ops.merge_decision' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from ops.merge_decision as t
union all
select
    'ops.dropped_landing' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from ops.dropped_landing as t
union all
select
    'ops.check_result' as name,
    coalesce(bit_xor(hash_record_extended(t, 0)), 0) as digest
from ops.check_result as t;
