-- A person has decided that nothing of the batch is to be loaded: every row goes to quarantine with that reason, beside
-- reasons of its own.
insert into staging.excluded as already (landing_id, kind, reasons)
select
    e.landing_id,
    'quarantined' as kind,
    jsonb_build_array(
        jsonb_build_object(
            'expectation', 'batch_quarantined',
            'column', null,
            'reason', format('%%s quarantined the whole batch: %%s', b.decided_by, b.decided_why),
            'remedy', format('When its cause is mended: etl quarantine replay --batch %%s', b.batch_id)
        )
    ) as reasons
from staging.event as e
cross join ops.batch as b
where b.batch_id = %(batch_id)s::bigint
on conflict (landing_id) do update
    set reasons = already.reasons || excluded.reasons;
