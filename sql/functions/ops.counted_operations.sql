-- An event's properties with its $set and $set_once as far as they count: without values that are too long.
create or replace function ops.counted_operations(properties jsonb)
returns jsonb
language sql
stable
as $$
select
    properties
    || case
        when properties ? '$set'
            then jsonb_build_object('$set', ops.within_value_bytes(properties -> '$set'))
        else '{}'
    end
    || case
        when properties ? '$set_once'
            then jsonb_build_object('$set_once', ops.within_value_bytes(properties -> '$set_once'))
        else '{}'
    end
$$;
