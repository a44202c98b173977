-- Which property of an event names another id: see ops.named_other_id; of an erasure that of the person.
create or replace function ops.other_id_key(event text)
returns text
language sql
immutable
as $$
select case
    when event = '$identify' then '$anon_distinct_id'
    when event = '$split' then '$split_from'
    when event = '$erase' then 'erase'
    when event in ('$create_alias', '$merge_dangerously') then 'alias'
end
$$;
