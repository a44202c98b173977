-- Rows that a rule refuses (the project's own, or the product's) go to quarantine like those that fail the gate, with
-- the reason of expectations/refusal.json; one that is missing there is refused anyway.
insert into staging.excluded (landing_id, kind, reasons)
select
    e.landing_id,
    'quarantined' as kind,
    jsonb_build_array(
        coalesce(%(reasons)s::jsonb -> e.refusal, jsonb_build_object('expectation', e.refusal))
    ) as reasons
from staging.event as e
where
    e.refusal is not null
    and not exists (select from staging.excluded as x where x.landing_id = e.landing_id);
