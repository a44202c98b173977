-- Type and normalise the batch's rows between two positions: narrow, one row a landing row, nothing refused here. The payload stays in
-- landing. Rules, with PostHog's source:
--   distinct id: top level, else $distinct_id, else distinct_id in properties; cut at 200
--   (rust/capture/src/v0_request.rs)
--   name: cut at 200 (normalize-event-step.test.ts)
--   time: corrected by sent_at unless $ignore_sent_at; unreadable, or over 23 h ahead: the arrival; a year that cannot
--     be: 1970 (rust/common/types/src/timestamp.rs)
--   anonymous: distinct_id strictly equal to a string $device_id (1-emitToBufferStep.ts)
--   merging: $identify with $anon_distinct_id, $create_alias and $merge_dangerously with a truthy alias, no illegal id
--   personless: $process_person_profile strictly false (normalize-process-person-flag-step.ts)
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
    is_anonymous,
    is_identify,
    is_merging,
    is_personless,
    has_property_operations,
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
        l.properties -> '$device_id' as device_id,
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
    offset 0
),

cleaned as (
    select
        r.*,
        left(r.given_distinct_id, 200) as distinct_id,
        case when jsonb_typeof(r.other) not in ('object', 'array') then r.other #>> '{}' end as other_text,
        coalesce(r.process_person_profile = 'false'::jsonb, false) as is_personless,
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
            when ops.is_illegal_distinct_id(coalesce(c.other_text, 'null')) then 'illegal'
            when ops.is_illegal_distinct_id(c.distinct_id) then 'target_illegal'
            else 'mergeable'
        end as other_id_status,
        case
            when c."timestamp" is null then 'missing'
            when c.written_at is null then 'unreadable'
            when c.corrected_at is null or c.corrected_at < '0002-01-01 00:00:00+00' then 'out_of_range'
            when c.corrected_at > c.received_at + interval '23 hours' then 'future'
            else 'read'
        end as timestamp_status
    from cleaned as c
    offset 0
)

select
    %(after_ordinal)s::bigint + row_number() over position_order as ordinal,
    j.xid,
    j.landing_id,
    j.received_at,
    greatest(max(j.received_at) over position_order, %(after_arrival_clock)s::timestamptz) as arrived_at,
    j.team_id,
    case j.uuid_status
        when 'given' then j.uuid::uuid
        -- A row without uuid gets one that every replay gives again: the arrival's milliseconds, then its position.
        when 'made_here' then overlay(
            overlay(
                (
                    lpad(to_hex((extract(epoch from j.received_at) * 1000)::bigint), 12, '0')
                    || right(md5(j.xid::text || ':' || j.landing_id::text), 20)
                )
                placing '7' from 13 for 1
            ) placing '8' from 17 for 1
        )::uuid
    end as uuid,
    left(j.event, 200) as event,
    j.distinct_id,
    case j.timestamp_status
        when 'read' then j.corrected_at
        when 'out_of_range' then '1970-01-01 00:00:00+00'::timestamptz
        else j.received_at
    end as "timestamp",
    case when j.other_id_status = 'mergeable' then j.other_text end as other_id,
    coalesce(jsonb_typeof(j.device_id) = 'string' and j.device_id #>> '{}' = j.distinct_id, false) as is_anonymous,
    coalesce(j.is_identify, false) as is_identify,
    j.other_id_status = 'mergeable' as is_merging,
    j.is_personless,
    -- Telemetry never changes a person (PostHog: person-property-utils.ts), nor does a personless event.
    coalesce(j.has_property_operations, false)
    and not coalesce(j.has_deep_property_operations, false)
    and not j.is_personless
    and coalesce(j.event, '') not in ('$exception', '$$heatmap') as has_property_operations,
    coalesce(j.has_invalid_property_operations or j.has_deep_property_operations, false)
        as has_invalid_property_operations,
    p.team_id is not null as is_team_known,
    j.uuid_status,
    length(j.event) as event_length,
    length(j.given_distinct_id) as distinct_id_length,
    j.timestamp_status,
    case
        when j.sent_at is null then 'missing'
        when j.clock_skew is null and ops.parse_timestamp(j.sent_at) is null then 'unreadable'
        else 'read'
    end as sent_at_status,
    j.properties_type,
    coalesce(j.properties_bytes, 0) as properties_bytes,
    j.other_id_status,
    case
        when j.process_person_profile is null then 'absent'
        when jsonb_typeof(j.process_person_profile) <> 'boolean' then 'not_a_boolean'
        when j.is_personless and j.event in ('$identify', '$create_alias', '$merge_dangerously') then 'forbidden'
        when j.is_personless then 'personless'
        else 'personful'
    end as personless_status,
    extract(epoch from j.clock_skew) as clock_skew_seconds
from judged as j
left join landing.project as p on j.team_id = p.team_id
window position_order as (
    order by j.xid, j.landing_id
);
