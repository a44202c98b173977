-- What is left of the payload of an erased event: that from which it follows, in a replay as it did, whether the event
-- waits for its person, makes one and joins two. Ids are those that stand there from now on.
create or replace function ops.erased_properties(
    event text, properties jsonb, former_distinct_id text, distinct_id text, other_id text
)
returns jsonb
language sql
immutable
as $$
select
    jsonb_strip_nulls(
        jsonb_build_object(
            '$process_person_profile',
            case
                -- Its groups are what gave it a person.
                when event = '$feature_flag_called' and not ops.is_lone_flag_call(event, properties) then 'true'::jsonb
                when jsonb_typeof(properties -> '$process_person_profile') = 'boolean'
                    then properties -> '$process_person_profile'
            end,
            '$device_id',
            case when properties -> '$device_id' = to_jsonb(former_distinct_id) then distinct_id end,
            '$lib',
            case when properties ->> '$lib' = any(ops.mobile_libraries()) then properties ->> '$lib' end
        )
    )
    || case
        when other_id is null then '{}'
        else jsonb_build_object(ops.other_id_key(event), other_id)
    end
$$;
