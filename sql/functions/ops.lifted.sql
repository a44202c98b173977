-- What an event lifts to its person, by key, as ops.lifted_values has it by place. A null counts only of a campaign,
-- which it ends; a value that is too long is cut. One row for `from`: there PostgreSQL puts the text in place of the
-- call, which takes half the time.
create or replace function ops.lifted(properties jsonb)
returns table (lifted jsonb)
language sql
immutable
as $$
select
    coalesce(
        jsonb_object_agg(
            e.key,
            case
                when pg_column_size(e.value) * 24 > b.lifted_bytes and octet_length(e.value::text) > b.lifted_bytes
                    then to_jsonb(left(e.value #>> '{}', b.lifted_characters))
                else e.value
            end
        ),
        '{}'
    )
from ops.property_limits() as b
cross join lateral jsonb_each(
    case
        when jsonb_typeof(properties) is distinct from 'object' then '{}'
        when properties -> '$is_server' = 'true' then properties - array['$os', '$os_version']
        when coalesce(properties -> '$os', 'null') = 'null'
            then properties || jsonb_build_object('$os', properties -> '$os_name')
        else properties
    end
) as e
where
    e.key = any(ops.lifted_names())
    and (e.value <> 'null' or e.key = any(ops.campaign_names()))
$$;
