-- Merging events that would move more distinct ids than their project allows.
insert into staging.excluded (landing_id, kind, reasons)
select
    m.landing_id,
    'quarantined' as kind,
    jsonb_build_array(
        jsonb_build_object(
            'expectation', 'merge_move_limit_exceeded',
            'column', 'properties',
            'reason', m.reason,
            'remedy', 'Check that the two ids are one user, raise merge_move_limit of the project, and land it again.'
        )
    ) as reasons
from staging.merge as m
where m.outcome = 'over_limit';
