-- A person's properties without those for which there is no room: the names from one on, the longest last.
create or replace function ops.without_names_from(person jsonb, beyond text)
returns jsonb
language sql
immutable
as $$
select case
    when beyond is null then person
    else
        person
        - array(
            select k.name
            from jsonb_object_keys(person) as k (name)
            where
                (length(k.name), k.name collate "C") >= (length(beyond), beyond collate "C")
                and k.name <> all(ops.always_kept_names())
        )
end
$$;
