-- Merging events that would move more distinct ids than their project allows. The reason is the fold's: it has the
-- numbers.
insert into staging.excluded (landing_id, kind, reasons)
select
    m.landing_id,
    'quarantined' as kind,
    jsonb_build_array(%(reason)s::jsonb || jsonb_build_object('reason', m.reason)) as reasons
from staging.merge as m
where m.outcome = 'over_limit';
