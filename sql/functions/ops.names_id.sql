-- Whether a text anywhere in a JSON value has one of the ids as a word of its own.
create or replace function ops.names_id(written jsonb, ids text[])
returns boolean
language sql
stable
as $$
select exists(
    select from jsonb_path_query(written, 'strict $.**') as v (part)
    where jsonb_typeof(v.part) = 'string' and ops.without_ids(v.part #>> '{}', ids) <> v.part #>> '{}'
)
$$;
