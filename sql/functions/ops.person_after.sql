-- A person's properties after one more event, as etl/rules/properties.py has it for events in the order of their times.
-- What the event says is as ops.counted_operations gives it.
create or replace function ops.person_after(person jsonb, event text, said jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
    sets jsonb := ops.event_set(said);
    onces jsonb := ops.event_set_once(said);
    unsets text[] := ops.unset_names(said);
    noisy constant text[] := ops.noisy_names();
    own jsonb := case when jsonb_typeof(said -> '$set') = 'object' then said -> '$set' else '{}' end;
    is_forced boolean := ops.is_about_person(event)
    or cardinality(unsets) > 0
    or exists (
        select from jsonb_each(sets) as s
        where s.key <> all(noisy) and (s.value <> 'null' or own ? s.key)
    );
    after jsonb := person;
    name text;
    value jsonb;
begin
    if not is_forced then
        -- To fill in nothing is to say nothing.
        sets := sets - array(select s.key from jsonb_each(sets) as s where s.value = 'null' and s.key = any(noisy));
    end if;
    for name, value in select s.key, s.value from jsonb_each(sets) as s loop
        if name = any(unsets) then
            after := case when person ? name then after - name else after || jsonb_build_object(name, value) end;
        elsif is_forced or name <> all(noisy) or coalesce(after -> name, 'null') = 'null' then
            after := after || jsonb_build_object(name, value);
        end if;
    end loop;
    for name, value in select s.key, s.value from jsonb_each(onces) as s loop
        if name = any(unsets) then
            if not sets ? name then
                after := case when person ? name then after - name else after || jsonb_build_object(name, value) end;
            end if;
        elsif not sets ? name and coalesce(after -> name, 'null') = 'null' then
            after := after || jsonb_build_object(name, value);
        end if;
    end loop;
    return after - array(
        select u.name
        from unnest(unsets) as u (name)
        where not sets ? u.name and not onces ? u.name
    );
end;
$$;
