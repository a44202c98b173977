-- Every refused merge, with both ids, both persons, and what to do.
insert into staging.warning (landing_id, type, details, remedy)
select
    m.landing_id,
    'cannot_merge_already_identified' as type,
    jsonb_build_object(
        'distinct_id', e.distinct_id,
        'other_distinct_id', e.other_id,
        'person_id', m.person_id,
        'other_person_id', m.source_person_id
    ) as details,
    case e.event
        when '$merge_dangerously'
            then
                'A client has sent it, with a token that stands in every page. If they are one: etl merge accept. '
                || 'To let clients do so: etl project merges PROJECT --allow-clients.'
        else
            'Two identified users are not joined by identify or alias (often a shared browser without reset()). '
            || 'If they are one, send $merge_dangerously with both ids.'
    end as remedy
from staging.merge as m
inner join staging.event as e on m.landing_id = e.landing_id
where m.outcome = 'refused' and e.event <> '$split';
