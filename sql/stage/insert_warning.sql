-- What stage changed or ignored, a row each: nothing is cut or clamped silently. Details name the field and its value
-- as it was sent, of a very long one the beginning.
insert into staging.warning (landing_id, type, details, remedy)
select
    e.landing_id,
    w.type,
    w.details,
    w.remedy
from staging.event as e
cross join
    lateral (
        select
            left(r."timestamp", 1000) as written_timestamp,
            left(r.sent_at, 1000) as written_sent_at,
            left(r.event, 1000) as written_event,
            left(ops.given_distinct_id(r.distinct_id, r.properties), 1000) as written_distinct_id,
            case e.event when '$identify' then '$anon_distinct_id' when '$split' then '$split_from' else 'alias' end
                as other_field,
            left(ops.named_other_id(e.event, r.properties, r.is_operator) #>> '{}', 1000) as written_other,
            ops.json_excerpt(r.properties -> '$process_person_profile', 1000) as written_person_switch
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l
cross join
    lateral (
        values
        (
            e.timestamp_status = 'unreadable',
            'ignored_invalid_timestamp',
            jsonb_build_object('field', 'timestamp', 'value', l.written_timestamp, 'used', e."timestamp"),
            'Send ISO 8601, for example 2026-11-23T10:00:00Z; the time of arrival was used.'
        ),
        (
            e.timestamp_status = 'future',
            'event_timestamp_in_future',
            jsonb_build_object('field', 'timestamp', 'value', l.written_timestamp, 'used', e."timestamp"),
            'Check the client''s clock and that it sends sent_at; the time of arrival was used.'
        ),
        (
            e.timestamp_status = 'out_of_range',
            'event_timestamp_out_of_range',
            jsonb_build_object('field', 'timestamp', 'value', l.written_timestamp, 'used', e."timestamp"),
            'Check the client''s clock and its sent_at; 1970 was used, as PostHog does.'
        ),
        (
            e.sent_at_status = 'unreadable',
            'ignored_invalid_sent_at',
            jsonb_build_object('field', 'sent_at', 'value', l.written_sent_at),
            'Send sent_at as ISO 8601; the event''s time was not corrected.'
        ),
        (
            e.distinct_id_length between 201 and 400,
            'distinct_id_truncated',
            jsonb_build_object(
                'field', 'distinct_id', 'value', l.written_distinct_id, 'length', e.distinct_id_length, 'kept', 200
            ),
            'Use ids of at most 200 characters: two long ids with the same beginning become one.'
        ),
        (
            e.other_id_length between 201 and 400,
            'other_distinct_id_truncated',
            jsonb_build_object(
                'field', l.other_field, 'value', l.written_other, 'length', e.other_id_length, 'kept', 200
            ),
            'Use ids of at most 200 characters: two long ids with the same beginning become one.'
        ),
        (
            e.event_length > 200,
            'event_name_truncated',
            jsonb_build_object('field', 'event', 'value', l.written_event, 'length', e.event_length, 'kept', 200),
            'Use event names of at most 200 characters; put details into properties.'
        ),
        (
            e.other_id_status in ('illegal', 'target_illegal'),
            'cannot_merge_with_illegal_distinct_id',
            jsonb_build_object(
                'distinct_id', e.distinct_id,
                'illegal_distinct_id',
                case e.other_id_status when 'illegal' then coalesce(e.other_id, 'null') else e.distinct_id end,
                'other_distinct_id', case e.other_id_status when 'illegal' then e.distinct_id else e.other_id end
            ),
            'The client sent a placeholder as an id: send identify or alias only when both ids are known.'
        ),
        (
            e.other_id_status = 'too_long',
            'cannot_merge_with_too_long_distinct_id',
            jsonb_build_object(
                'field', l.other_field, 'value', l.written_other, 'distinct_id', e.distinct_id, 'limit', 400
            ),
            'Use ids of at most 200 characters; the event was kept, nothing was merged.'
        ),
        (
            e.event = '$split' and not e.is_merging,
            'split_without_authority',
            jsonb_build_object('distinct_id', e.distinct_id),
            'Only `etl split` separates persons; the event was kept as an ordinary one.'
        ),
        (
            e.personless_status = 'not_a_boolean',
            'invalid_process_person_profile',
            jsonb_build_object('field', '$process_person_profile', 'value', l.written_person_switch),
            'Send $process_person_profile as true or false; the event was processed with a person.'
        ),
        (
            e.has_invalid_property_operations,
            'invalid_property_operation',
            '{}'::jsonb,
            'Send $set and $set_once as objects, at most 128 levels deep, and $unset as an array of names; what is not '
            || 'so was ignored, and the event was kept.'
        )
    ) as w (is_due, type, details, remedy)
where
    w.is_due
    -- Ordinary rows, which are nearly all, leave here without the list being made for them.
    and (
        e.timestamp_status not in ('read', 'missing')
        or e.sent_at_status = 'unreadable'
        or e.distinct_id_length > 200
        or e.other_id_length > 200
        or e.event_length > 200
        or e.other_id_status in ('illegal', 'target_illegal', 'too_long')
        or (e.event = '$split' and not e.is_merging)
        or e.personless_status = 'not_a_boolean'
        or e.has_invalid_property_operations
    );
