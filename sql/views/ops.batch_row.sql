-- The rows that a batch has written besides its events, each as a hash, by the name of the digest that has them: load
-- records the digests, the audit compares them.
create or replace view ops.batch_row as
select
    'merges' as name,
    m.batch_id,
    hash_record_extended(m, 0) as hash,
    m.team_id
from warehouse.merge as m
union all
select
    'warnings' as name,
    w.batch_id,
    hash_record_extended(w, 0) as hash,
    w.team_id
from ops.warning as w
union all
select
    'refused' as name,
    q.batch_id,
    ops.refusal_hash(q) as hash,
    q.team_id
from quarantine.event as q
union all
select
    'releases' as name,
    r.released_by_batch_id as batch_id,
    hash_record_extended(r, 0) as hash,
    r.team_id
from buffer.released_event as r
union all
select
    'projects' as name,
    p.batch_id,
    hash_record_extended(p, 0) as hash,
    p.team_id
from ops.batch_project as p
union all
select
    'withdrawals' as name,
    w.batch_id,
    hash_record_extended(w, 0) as hash,
    null as team_id
from ops.withdrawal as w;

comment on view ops.batch_row is
'The rows that a batch has written besides its events, each as a hash, by the name of the digest in ops.batch that '
'has them';

grant select on ops.batch_row to auditor;
