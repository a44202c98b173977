-- A split that found nothing to split.
insert into staging.warning (landing_id, type, details, remedy)
select
    m.landing_id,
    'cannot_split' as type,
    jsonb_build_object(
        'distinct_id', e.distinct_id,
        'other_distinct_id', e.other_id,
        'person_id', m.person_id,
        'other_person_id', m.source_person_id
    ) as details,
    'The two ids were not one person when this arrived, so there was nothing to do; `etl explain` shows each.' as remedy
from staging.merge as m
inner join staging.event as e on m.landing_id = e.landing_id
where m.outcome = 'refused' and e.event = '$split';
