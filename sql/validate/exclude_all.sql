-- A person has decided that nothing of the batch is to be loaded: every row goes to quarantine with that reason, after
-- reasons of its own.
insert into staging.excluded as already (landing_id, kind, reasons)
select
    e.landing_id,
    'quarantined' as kind,
    jsonb_build_array(%(reason)s::jsonb) as reasons
from staging.event as e
on conflict (landing_id) do update
    set reasons = already.reasons || excluded.reasons;
