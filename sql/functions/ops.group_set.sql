-- What a $groupidentify sets of its group, as JSON text; null where it is no object, or nested too deep to be folded.
create or replace function ops.group_set(properties jsonb)
returns text
language sql
stable
as $$
select case
    when jsonb_typeof(properties -> '$group_set') = 'object' and not ops.is_too_deep(properties -> '$group_set')
        then (properties -> '$group_set')::text
end
$$;
