-- Type and normalise the batch's rows between two positions: narrow, one row a landing row, nothing refused here. The
-- payload stays in landing. Rules, with PostHog's source:
--   distinct id: ops.given_distinct_id, cut at 200, as the other id is; ops.cookieless_distinct_id
--   name: cut at 200 (normalize-event-step.test.ts)
--   time: corrected by sent_at unless $ignore_sent_at; unreadable, or over 23 h ahead: the arrival; a year that cannot
--     be: 1970 (rust/common/types/src/timestamp.rs)
--   never held: anonymous, that is distinct_id strictly equal to a string $device_id; sent by a mobile SDK; a session
--     recording (1-emitToBufferStep.ts)
--   merging: names another id (ops.named_other_id), and neither is illegal
--   personless: $process_person_profile strictly false, or the endpoint, or the project says so
--     (normalize-process-person-flag-step.ts); what is about nobody, unless its id has a person
--   lifted: lift_shape says which keys, so that of many events alike only the first and the last by time need to be
--     looked at: see ops.device_shape, ops.campaign_shape and ops.lift_is_set. 0: it lifts nothing
--     (nodejs/src/common/utils/db/utils.ts)
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
    is_captured,
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
    other_id_length,
    timestamp_status,
    sent_at_status,
    properties_type,
    properties_bytes,
    other_id_status,
    personless_status,
    clock_skew_seconds,
    payload_hash,
    landing_hash
)
-- `offset 0` keeps the planner from merging the layers, which would read each payload and parse each time again for
-- every column that uses it, and would carry the payload through the sort.
with unpacked as (
    select
        l.xid,
        l.landing_id,
        l.received_at,
        l.team_id,
        l.uuid,
        l.event,
        l.distinct_id,
        l."timestamp",
        l.sent_at,
        l.ip,
        l.is_personless as is_switched_off,
        l.is_operator,
        l.is_captured,
        jsonb_hash_extended(p.properties, 0) as payload_hash,
        n.is_found as has_number_out_of_range,
        -- Nothing below may write out such a number.
        case when not n.is_found then p.properties end as properties
    from landing.event as l
    -- Unpacked once: else each of its readers unpacks a long payload anew.
    cross join lateral (select l.properties #> '{}' as properties offset 0) as p  -- noqa: PRS
    -- Capture has made them text already, and the look is not cheap.
    cross join
        lateral (
            select not l.is_captured and ops.has_number_out_of_range(p.properties) as is_found offset 0  -- noqa: PRS
        ) as n
    where
        (l.xid, l.landing_id) > (%(after_xid)s::xid8, %(after_landing_id)s::bigint)
        and (l.xid, l.landing_id) <= (%(upto_xid)s::xid8, %(upto_landing_id)s::bigint)
        and not exists (select from ops.set_apart as a where a.landing_id = l.landing_id)
    offset 0
),

-- All that is read from the payload, which goes no further.
extracted as (
    select
        u.xid,
        u.landing_id,
        u.received_at,
        u.team_id,
        u.uuid,
        u.event,
        u."timestamp",
        u.sent_at,
        u.ip,
        u.is_switched_off,
        u.is_operator,
        u.is_captured,
        u.payload_hash,
        u.distinct_id as written_distinct_id,
        u.has_number_out_of_range,
        u.properties -> '$device_id' as device_id,
        ops.is_exempt_from_hold(u.event, u.properties) as is_exempt,
        coalesce(u.properties -> '$cookieless_mode' = 'true', false) as is_cookieless,
        case
            when u.properties -> '$cookieless_mode' = 'true'
                then
                    array[
                        u.properties ->> '$raw_user_agent',
                        coalesce(nullif(u.properties ->> '$ip', ''), u.ip),
                        u.properties ->> '$host'
                    ]
        end as cookieless_traits,
        case when u.event = '$groupidentify' then u.properties ->> '$group_type' end as group_type,
        case when u.event = '$groupidentify' then u.properties ->> '$group_key' end as group_key,
        ops.is_lone_flag_call(u.event, u.properties) as is_lone_flag_call,
        coalesce(u.properties ?| array['$elements', '$elements_chain'], false) as has_elements,
        coalesce(u.properties ?| ops.personal_names(), false) as has_personal,
        coalesce(u.properties ? '$ip', false) as has_ip,
        jsonb_populate_record(
            null::ops.device_keys, case when jsonb_typeof(u.properties) = 'object' then u.properties else '{}' end
        ) as device,
        ops.campaign_shape(u.properties) as campaign_shape,
        u.properties -> '$process_person_profile' as process_person_profile,
        coalesce(jsonb_typeof(u.properties), 'missing') as properties_type,
        -- A small value proves a small text without writing it out.
        case
            when pg_column_size(u.properties)::bigint * 24 <= %(max_properties_bytes)s::bigint
                then pg_column_size(u.properties)
            else ops.json_text_bytes(u.properties)
        end as properties_bytes,
        ops.named_other_id(u.event, u.properties, u.is_operator) as other,
        ops.given_distinct_id(u.distinct_id, u.properties) as given_distinct_id,
        ops.property_operations(u.properties) as property_operations,
        ops.parse_timestamp(u."timestamp") as written_at,
        case
            when u.properties -> '$ignore_sent_at' = 'true'::jsonb then null
            else ops.parse_timestamp(u.sent_at) - u.received_at
        end as clock_skew
    from unpacked as u
    offset 0
),

normalised as (
    select
        e.*,
        case
            when e.is_cookieless then ops.cookieless_distinct_id(s.salt, e.team_id, e.cookieless_traits)
            else left(e.given_distinct_id, 200)
        end as distinct_id,
        case when jsonb_typeof(e.other) not in ('object', 'array') then e.other #>> '{}' end as given_other_id,
        -- Cut as the id of its own events is, so that the two meet.
        case when jsonb_typeof(e.other) not in ('object', 'array') then left(e.other #>> '{}', 200) end as other_text,
        coalesce(e.process_person_profile = 'false'::jsonb, false) as is_declared_personless,
        ops.device_shape(e.device) as device_shape,
        ops.corrected_time(e.written_at, e.clock_skew) as corrected_at,
        case
            when coalesce(e.uuid, '') = '' then 'made_here'
            when
                e.uuid like '________-____-____-____-____________'
                and pg_input_is_valid(e.uuid, 'uuid') then 'given'
            else 'malformed'
        end as uuid_status
    from extracted as e
    left join landing.cookieless_salt as s on e.is_cookieless and s.day = (e.received_at at time zone 'UTC')::date
    offset 0
),

classified as (
    select
        n.*,
        case
            when n.other is null then 'absent'
            when jsonb_typeof(n.other) in ('object', 'array') then 'not_a_string'
            when length(n.given_other_id) > 400 then 'too_long'
            when n.other_text = n.distinct_id then 'same'
            when ops.is_illegal_distinct_id(n.distinct_id) then 'target_illegal'
            when ops.is_illegal_distinct_id(coalesce(n.other_text, 'null')) then 'illegal'
            else 'mergeable'
        end as other_id_status,
        case
            when n."timestamp" is null then 'missing'
            -- ISO 8601 writes years beyond 9999, or before 0, with a sign and six digits.
            when n.written_at is null and n."timestamp" ~ '^[+-][0-9]{6}-[0-9]{2}-[0-9]{2}' then 'out_of_range'
            when n.written_at is null then 'unreadable'
            when n.corrected_at is null or n.corrected_at < '0002-01-01 00:00:00+00' then 'out_of_range'
            when n.corrected_at > n.received_at + interval '23 hours' then 'future'
            else 'read'
        end as timestamp_status
    from normalised as n
    offset 0
),

-- What the project's rules say of it.
ruled as (
    select
        c.*,
        p.team_id is not null as is_team_known,
        coalesce(p.anonymize_ips, true) as is_ip_dropped,
        coalesce(p.cookieless_mode, 'off') as cookieless_mode,
        p.drop_events_older_than_seconds,
        c.is_declared_personless
        and coalesce(c.event in ('$identify', '$create_alias', '$merge_dangerously'), false) as is_contradiction,
        coalesce(p.person_processing_opt_out, false) as is_opted_out,
        coalesce(
            ((c.is_lone_flag_call and p.flag_called_personless_default) or ops.is_about_nobody(c.event))
            and not (c.is_switched_off or c.is_declared_personless or p.person_processing_opt_out),
            false
        ) as is_personless_by_default,
        case c.timestamp_status
            when 'read' then c.corrected_at
            when 'out_of_range' then '1970-01-01 00:00:00+00'::timestamptz
            else c.received_at
        end as event_time
    from classified as c
    left join landing.project as p on c.team_id = p.team_id
    offset 0
),

-- Whether it has a person at all, and may join two.
with_person_mode as (
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
    m.xid,
    m.landing_id,
    m.received_at,
    greatest(max(m.received_at) over position_order, %(after_arrival_clock)s::timestamptz) as arrived_at,
    m.team_id,
    case m.uuid_status
        when 'given' then m.uuid::uuid
        when 'made_here' then ops.made_uuid(m.received_at, m.xid, m.landing_id)
    end as uuid,
    left(m.event, 200) as event,
    m.distinct_id,
    m.event_time as "timestamp",
    case when m.other_id_status in ('mergeable', 'illegal', 'target_illegal') then m.other_text end as other_id,
    coalesce(jsonb_typeof(m.device_id) = 'string' and m.device_id #>> '{}' = m.distinct_id, false)
    or m.is_exempt as is_immediate,
    coalesce(m.event = '$identify', false) as is_identify,
    m.is_merging,
    m.is_personless,
    m.is_personless_by_default,
    m.is_captured,
    m.is_declared_personless and not m.is_switched_off and not m.is_opted_out as may_upgrade,
    case when m.is_personless then 'propertyless' else 'full' end as person_mode,
    m.property_operations in ('fine', 'malformed')
    and ops.may_change_person(m.event, m.is_personless, m.is_personless_by_default) as has_property_operations,
    case
        when
            m.device_shape | m.campaign_shape <> 0
            and ops.may_change_person(m.event, m.is_personless, m.is_personless_by_default)
            then
                m.device_shape | m.campaign_shape
                | case when ops.is_about_person(m.event) then ops.lift_is_set() else 0 end
        else 0
    end as lift_shape,
    -- A long payload that stays as it is costs a third of one that is written anew.
    (m.is_personless and m.has_personal)
    or m.is_cookieless
    or m.has_elements
    or (m.has_ip and m.is_ip_dropped) as is_rewritten,
    case
        when not m.is_team_known then null
        -- What is left of a refused row whose person was erased, so that a replay refuses it too.
        when m.is_operator and m.event = '$erased' then 'erased'
        when m.has_number_out_of_range then 'number_out_of_range'
        when m.event = '$$client_ingestion_warning' then 'client_ingestion_warning'
        -- 400 characters, as PostHog has it; and 1,200 bytes, so that both fit into one key of an index (2,704 bytes).
        when length(m.group_type) > 400 or octet_length(m.group_type) > 1200 then 'group_type_too_long'
        when length(m.group_key) > 400 or octet_length(m.group_key) > 1200 then 'group_key_too_long'
        when
            m.drop_events_older_than_seconds > 0
            and m.received_at - m.event_time > make_interval(secs => m.drop_events_older_than_seconds)
            then 'event_too_old'
        when m.is_cookieless
            then ops.cookieless_refusal(m.event, m.cookieless_mode, m.received_at - m.event_time, m.cookieless_traits)
    end as refusal,
    m.property_operations in ('malformed', 'too_deep') as has_invalid_property_operations,
    m.is_team_known,
    m.uuid_status,
    length(m.event) as event_length,
    length(m.given_distinct_id) as distinct_id_length,
    length(m.given_other_id) as other_id_length,
    m.timestamp_status,
    case
        when m.sent_at is null then 'missing'
        when m.clock_skew is null and ops.parse_timestamp(m.sent_at) is null then 'unreadable'
        else 'read'
    end as sent_at_status,
    m.properties_type,
    coalesce(m.properties_bytes, 0) as properties_bytes,
    m.other_id_status,
    case
        when m.process_person_profile is null then 'absent'
        when jsonb_typeof(m.process_person_profile) <> 'boolean' then 'not_a_boolean'
        when m.is_contradiction and not m.is_switched_off then 'forbidden'
        when m.is_declared_personless then 'personless'
        else 'personful'
    end as personless_status,
    extract(epoch from m.clock_skew) as clock_skew_seconds,
    m.payload_hash,
    ops.landing_hash(
        m.xid, m.landing_id, m.received_at, m.team_id, m.uuid, m.event, m.written_distinct_id, m."timestamp", m.sent_at,
        m.ip, m.is_switched_off, m.is_operator, m.is_captured, m.payload_hash
    ) as landing_hash
from with_person_mode as m
window position_order as (
    order by m.xid, m.landing_id
);
