-- Rows that a rule refuses (the project's own, or the product's) go to quarantine like those that fail the gate.
insert into staging.excluded (landing_id, kind, reasons)
select
    e.landing_id,
    'quarantined' as kind,
    jsonb_build_array(
        jsonb_build_object('expectation', e.refusal, 'column', r.field, 'reason', r.reason, 'remedy', r.remedy)
    ) as reasons
from staging.event as e
inner join (
    values
    (
        'event_too_old', 'timestamp', 'The event is older than its project accepts.',
        'Check the client''s clock, or raise drop_events_older_than_seconds of the project and land the event again.'
    ),
    (
        'group_type_too_long', 'properties', 'The $group_type has more than 400 characters or 1,200 bytes.',
        'Use short names of types, such as company; what differs from group to group belongs in $group_key.'
    ),
    (
        'group_key_too_long', 'properties', 'The $group_key has more than 400 characters or 1,200 bytes.',
        'Use group keys of at most 400 characters.'
    ),
    (
        'client_ingestion_warning', 'properties', 'A message of the SDK to its operators, not an event.',
        'Read the message and correct the client.'
    ),
    (
        'cookieless_team_disabled', 'distinct_id', 'The project takes no cookieless events.',
        'Set cookieless_mode of the project to stateless, or give the client an id.'
    ),
    (
        'cookieless_unsupported_event', 'event', 'An alias or merge makes no sense without an id that lasts.',
        'Do not send $create_alias or $merge_dangerously from a cookieless client.'
    ),
    (
        'cookieless_stateless_no_identify', 'event', 'A stateless cookieless visitor cannot be identified.',
        'Do not call identify from a cookieless client.'
    ),
    (
        'cookieless_timestamp_out_of_range', 'timestamp', 'The event''s time is over 72 hours away from its arrival.',
        'Check the client''s clock.'
    ),
    (
        'cookieless_missing_ua', 'properties', 'A cookieless event needs $raw_user_agent.',
        'Send $raw_user_agent, $ip and $host.'
    ),
    (
        'cookieless_missing_ip', 'properties', 'A cookieless event needs $ip.',
        'Send $raw_user_agent, $ip and $host.'
    ),
    (
        'cookieless_missing_host', 'properties', 'A cookieless event needs $host.',
        'Send $raw_user_agent, $ip and $host.'
    )
) as r (refusal, field, reason, remedy) on e.refusal = r.refusal
where not exists (select from staging.excluded as x where x.landing_id = e.landing_id);
