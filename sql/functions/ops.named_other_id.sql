-- The other id that an event names, as the client wrote it: $anon_distinct_id of an $identify, a truthy alias of
-- $create_alias and $merge_dangerously, $split_from of the $split that our own command landed.
create or replace function ops.named_other_id(event text, properties jsonb, is_operator boolean)
returns jsonb
language sql
immutable
as $$
select case
    when event = '$identify' then properties -> '$anon_distinct_id'
    when event in ('$create_alias', '$merge_dangerously')
        then case when properties -> 'alias' not in ('""', 'null', 'false', '0') then properties -> 'alias' end
    when event = '$split' and is_operator then properties -> '$split_from'
end
$$;
