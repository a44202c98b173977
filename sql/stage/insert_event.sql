-- Type and normalise the batch's rows between two positions: narrow, one row a landing row, nothing refused here. The
-- payload stays in landing. Rules, with PostHog's source:
--   distinct id: top level, else $distinct_id, else distinct_id in properties; cut at 200
--   (rust/capture/src/v0_request.rs)
--   name: cut at 200 (normalize-event-step.test.ts)
--   time: corrected by sent_at unless $ignore_sent_at; unreadable, or over 23 h ahead: the arrival; a year that cannot
--     be: 1970 (rust/common/types/src/timestamp.rs)
--   never held: anonymous, that is distinct_id strictly equal to a string $device_id; sent by a mobile SDK; a session
--     recording (1-emitToBufferStep.ts)
--   merging: $identify with $anon_distinct_id, $create_alias and $merge_dangerously with a truthy alias, no illegal id;
--     $split with $split_from, only where our own command landed it
--   personless: $process_person_profile strictly false, or the endpoint, or the project says so
--     (normalize-process-person-flag-step.ts)
--   lifted: lift_shape says which keys, so that of many events alike only the first and the last by time need to be
--     looked at: see ops.device_shape, ops.campaign_shape and ops.lift_is_set. 0: it lifts nothing
--     (nodejs/src/common/utils/db/utils.ts)
--   cookieless: the id is derived from the day's salt, ip, host and user agent (cookieless-manager.ts)
insert into staging.event (
    ordinal,
    xid,
    landing_id,
    received_at,
    arrived_at,
    team_id,
    uuid,
    event,
    distinct_id,
    "timestamp",
    other_id,
    is_immediate,
    is_identify,
    is_merging,
    is_personless,
    is_personless_by_default,
    may_upgrade,
    person_mode,
    has_property_operations,
    lift_shape,
    is_rewritten,
    refusal,
    has_invalid_property_operations,
    is_team_known,
    uuid_status,
    event_length,
    distinct_id_length,
    timestamp_status,
    sent_at_status,
    properties_type,
    properties_bytes,
    other_id_status,
    personless_status,
    clock_skew_seconds
)
-- `offset 0` keeps the planner from merging the layers, which would read each payload and parse each time again for
-- every column that uses it, and would carry the payload through the sort.
with read_once as (
    select
        l.xid,
        l.landing_id,
        l.received_at,
        l.team_id,
        l.uuid,
        l.event,
        l."timestamp",
        l.sent_at,
        l.is_personless as is_switched_off,
        l.properties -> '$device_id' as device_id,
        coalesce(
            l.event = '$snapshot'
            or l.properties ->> '$lib' in (
                'posthog-ios', 'posthog-android', 'posthog-react-native', 'posthog-flutter'
            ),
            false
        ) as is_exempt,
        coalesce(l.properties -> '$cookieless_mode' = 'true', false) as is_cookieless,
        case
            when l.properties -> '$cookieless_mode' = 'true'
                then array[l.properties ->> '$raw_user_agent', l.properties ->> '$ip', l.properties ->> '$host']
        end as cookieless_traits,
        case when l.event = '$groupidentify' then l.properties ->> '$group_type' end as group_type,
        case when l.event = '$groupidentify' then l.properties ->> '$group_key' end as group_key,
        l.event = '$feature_flag_called'
        and coalesce(l.properties -> '$process_person_profile', 'null') <> 'true'
        and coalesce(l.properties -> '$groups', '{}') in ('{}', 'null') as is_lone_flag_call,
        l.properties ?| array['$elements', '$elements_chain'] as has_elements,
        l.properties ? '$ip' as has_ip,
        jsonb_populate_record(
            null::ops.device_keys, case when jsonb_typeof(l.properties) = 'object' then l.properties else '{}' end
        ) as device,
        ops.campaign_shape(l.properties) as campaign_shape,
        l.properties -> '$process_person_profile' as process_person_profile,
        l.event = '$identify' as is_identify,
        coalesce(jsonb_typeof(l.properties), 'missing') as properties_type,
        -- pglz never packs tighter than about 1:90, so a small stored size proves a small text without unpacking it.
        case
            when pg_column_size(l.properties)::bigint * 90 <= %(max_properties_bytes)s::bigint
                then pg_column_size(l.properties)
            else ops.json_text_bytes(l.properties)
        end as properties_bytes,
        case
            when l.event = '$identify' then l.properties -> '$anon_distinct_id'
            when l.event in ('$create_alias', '$merge_dangerously')
                then
                    case
                        when l.properties -> 'alias' not in ('""', 'null', 'false', '0') then l.properties -> 'alias'
                    end
            when l.event = '$split' and l.is_operator then l.properties -> '$split_from'
        end as other,
        coalesce(
            nullif(l.distinct_id, ''),
            -- Nobody's id, and too long to be written out: fails the gate as such.
            case
                when
                    coalesce(pg_column_size(l.properties -> '$distinct_id'), 0)
                    + coalesce(pg_column_size(l.properties -> 'distinct_id'), 0) > 4096
                    then repeat('?', 401)
            end,
            nullif(l.properties ->> '$distinct_id', ''),
            nullif(l.properties ->> 'distinct_id', '')
        ) as given_distinct_id,
        l.properties ?| array['$set', '$set_once', '$unset'] as has_property_operations,
        l.properties ?| array['$set', '$set_once', '$unset'] and (
            jsonb_typeof(l.properties -> '$set') not in ('object', 'null')
            or jsonb_typeof(l.properties -> '$set_once') not in ('object', 'null')
            or jsonb_typeof(l.properties -> '$unset') not in ('array', 'object', 'null')
        ) as has_invalid_property_operations,
        -- Values nested too deep, or too long as text (a number of 10 bytes may have 131,000 digits), to be folded.
        -- Small ones cannot be: a level takes at least 8 bytes.
        l.properties ?| array['$set', '$set_once', '$unset']
        and coalesce(pg_column_size(l.properties -> '$set'), 0)
        + coalesce(pg_column_size(l.properties -> '$set_once'), 0)
        + coalesce(pg_column_size(l.properties -> '$unset'), 0) > 1024
        and (
            jsonb_path_exists(
                jsonb_build_array(l.properties -> '$set', l.properties -> '$set_once', l.properties -> '$unset'),
                '$.**{130}'
            )
            or ops.json_text_bytes(l.properties -> '$set') > %(max_properties_bytes)s::bigint
            or ops.json_text_bytes(l.properties -> '$set_once') > %(max_properties_bytes)s::bigint
            or ops.json_text_bytes(l.properties -> '$unset') > %(max_properties_bytes)s::bigint
        ) as has_deep_property_operations,
        ops.parse_timestamp(l."timestamp") as written_at,
        case
            when l.properties -> '$ignore_sent_at' = 'true'::jsonb then null
            else ops.parse_timestamp(l.sent_at) - l.received_at
        end as clock_skew
    from landing.event as l
    where
        (l.xid, l.landing_id) > (%(after_xid)s::xid8, %(after_landing_id)s::bigint)
        and (l.xid, l.landing_id) <= (%(upto_xid)s::xid8, %(upto_landing_id)s::bigint)
        and not exists (select from ops.set_apart as a where a.landing_id = l.landing_id)
    offset 0
),

cleaned as (
    select
        r.*,
        case
            when r.is_cookieless
                then
                    'cookieless_' || encode(
                        substr(
                            sha256(
                                convert_to(
                                    array_to_string(
                                        array[s.salt::text, r.team_id::text] || r.cookieless_traits, chr(31), ''
                                    ),
                                    'UTF8'
                                )
                            ),
                            1,
                            16
                        ),
                        'hex'
                    )
            else left(r.given_distinct_id, 200)
        end as distinct_id,
        case when jsonb_typeof(r.other) not in ('object', 'array') then r.other #>> '{}' end as other_text,
        coalesce(r.process_person_profile = 'false'::jsonb, false) as is_declared_personless,
        ops.device_shape(r.device) as device_shape,
        case
            when r.clock_skew is null then r.written_at
            -- Beyond these years lies no time that PostgreSQL and Python both know.
            when
                extract(epoch from r.written_at) - extract(epoch from r.clock_skew)
                between -62000000000 and 253000000000 then r.written_at - r.clock_skew
        end as corrected_at,
        case
            when coalesce(r.uuid, '') = '' then 'made_here'
            when
                r.uuid like '________-____-____-____-____________'
                and pg_input_is_valid(r.uuid, 'uuid') then 'given'
            else 'malformed'
        end as uuid_status
    from read_once as r
    left join landing.cookieless_salt as s on r.is_cookieless and s.day = (r.received_at at time zone 'UTC')::date
    offset 0
),

judged as (
    select
        c.*,
        case
            when c.other is null then 'absent'
            when jsonb_typeof(c.other) in ('object', 'array') then 'not_a_string'
            when c.other_text = c.distinct_id then 'same'
            when length(c.other_text) > 400 then 'too_long'
            when ops.is_illegal_distinct_id(c.distinct_id) then 'target_illegal'
            when ops.is_illegal_distinct_id(coalesce(c.other_text, 'null')) then 'illegal'
            else 'mergeable'
        end as other_id_status,
        case
            when c."timestamp" is null then 'missing'
            -- ISO 8601 writes years beyond 9999, or before 0, with a sign and six digits.
            when c.written_at is null and c."timestamp" ~ '^[+-][0-9]{6}-[0-9]{2}-[0-9]{2}' then 'out_of_range'
            when c.written_at is null then 'unreadable'
            when c.corrected_at is null or c.corrected_at < '0002-01-01 00:00:00+00' then 'out_of_range'
            when c.corrected_at > c.received_at + interval '23 hours' then 'future'
            else 'read'
        end as timestamp_status
    from cleaned as c
    offset 0
),

ruled as (
    select
        j.*,
        p.team_id is not null as is_team_known,
        coalesce(p.anonymize_ips, true) as is_ip_dropped,
        coalesce(p.cookieless_mode, 'off') as cookieless_mode,
        p.drop_events_older_than_seconds,
        j.is_declared_personless
        and coalesce(j.event in ('$identify', '$create_alias', '$merge_dangerously'), false) as is_contradiction,
        coalesce(p.person_processing_opt_out, false) as is_opted_out,
        coalesce(j.is_lone_flag_call and p.flag_called_personless_default, false) as is_personless_by_default,
        case j.timestamp_status
            when 'read' then j.corrected_at
            when 'out_of_range' then '1970-01-01 00:00:00+00'::timestamptz
            else j.received_at
        end as event_time
    from judged as j
    left join landing.project as p on j.team_id = p.team_id
    offset 0
),

switched as (
    select
        r.*,
        r.other_id_status = 'mergeable' and not r.is_switched_off as is_merging,
        r.is_switched_off
        or r.is_declared_personless
        or r.is_personless_by_default
        or (r.is_opted_out and r.other_id_status <> 'mergeable') as is_personless
    from ruled as r
    offset 0
)

select
    %(after_ordinal)s::bigint + row_number() over position_order as ordinal,
    s.xid,
    s.landing_id,
    s.received_at,
    greatest(max(s.received_at) over position_order, %(after_arrival_clock)s::timestamptz) as arrived_at,
    s.team_id,
    case s.uuid_status
        when 'given' then s.uuid::uuid
        -- A row without uuid gets one that every replay gives again: the arrival's milliseconds, then its position.
        when 'made_here' then overlay(
            overlay(
                (
                    lpad(to_hex((extract(epoch from s.received_at) * 1000)::bigint), 12, '0')
                    || right(md5(s.xid::text || ':' || s.landing_id::text), 20)
                )
                placing '7' from 13 for 1
            ) placing '8' from 17 for 1
        )::uuid
    end as uuid,
    left(s.event, 200) as event,
    s.distinct_id,
    s.event_time as "timestamp",
    case when s.other_id_status in ('mergeable', 'illegal', 'target_illegal') then s.other_text end as other_id,
    coalesce(jsonb_typeof(s.device_id) = 'string' and s.device_id #>> '{}' = s.distinct_id, false)
    or s.is_exempt as is_immediate,
    coalesce(s.is_identify, false) as is_identify,
    s.is_merging,
    s.is_personless,
    s.is_personless_by_default,
    s.is_declared_personless and not s.is_switched_off and not s.is_opted_out as may_upgrade,
    case when s.is_personless then 'propertyless' else 'full' end as person_mode,
    -- Telemetry never changes a person (PostHog: person-property-utils.ts), nor does a personless event.
    coalesce(s.has_property_operations, false)
    and not coalesce(s.has_deep_property_operations, false)
    and (not s.is_personless or s.is_personless_by_default)
    and coalesce(s.event, '') not in ('$exception', '$$heatmap') as has_property_operations,
    case
        when
            s.device_shape | s.campaign_shape <> 0
            and (not s.is_personless or s.is_personless_by_default)
            and coalesce(s.event, '') not in ('$exception', '$$heatmap')
            then
                s.device_shape | s.campaign_shape
                | case when ops.is_about_person(s.event) then ops.lift_is_set() else 0 end
        else 0
    end as lift_shape,
    s.is_personless
    or s.is_cookieless
    or coalesce(s.has_elements, false)
    or coalesce(s.has_ip and s.is_ip_dropped, false) as is_rewritten,
    case
        when not s.is_team_known then null
        when s.event = '$$client_ingestion_warning' then 'client_ingestion_warning'
        -- 400 characters, as PostHog has it; and 1,200 bytes, so that both fit into one key of an index (2,704 bytes).
        when length(s.group_type) > 400 or octet_length(s.group_type) > 1200 then 'group_type_too_long'
        when length(s.group_key) > 400 or octet_length(s.group_key) > 1200 then 'group_key_too_long'
        when
            s.drop_events_older_than_seconds > 0
            and s.received_at - s.event_time > make_interval(secs => s.drop_events_older_than_seconds)
            then 'event_too_old'
        when not s.is_cookieless then null
        when s.cookieless_mode = 'off' then 'cookieless_team_disabled'
        when s.event in ('$create_alias', '$merge_dangerously') then 'cookieless_unsupported_event'
        when s.is_identify then 'cookieless_stateless_no_identify'
        when abs(extract(epoch from s.received_at - s.event_time)) > 259200 then 'cookieless_timestamp_out_of_range'
        when coalesce(s.cookieless_traits[1], '') = '' then 'cookieless_missing_ua'
        when coalesce(s.cookieless_traits[2], '') = '' then 'cookieless_missing_ip'
        when coalesce(s.cookieless_traits[3], '') = '' then 'cookieless_missing_host'
    end as refusal,
    coalesce(s.has_invalid_property_operations or s.has_deep_property_operations, false)
        as has_invalid_property_operations,
    s.is_team_known,
    s.uuid_status,
    length(s.event) as event_length,
    length(s.given_distinct_id) as distinct_id_length,
    s.timestamp_status,
    case
        when s.sent_at is null then 'missing'
        when s.clock_skew is null and ops.parse_timestamp(s.sent_at) is null then 'unreadable'
        else 'read'
    end as sent_at_status,
    s.properties_type,
    coalesce(s.properties_bytes, 0) as properties_bytes,
    s.other_id_status,
    case
        when s.process_person_profile is null then 'absent'
        when jsonb_typeof(s.process_person_profile) <> 'boolean' then 'not_a_boolean'
        when s.is_contradiction and not s.is_switched_off then 'forbidden'
        when s.is_declared_personless then 'personless'
        else 'personful'
    end as personless_status,
    extract(epoch from s.clock_skew) as clock_skew_seconds
from switched as s
window position_order as (
    order by s.xid, s.landing_id
);
