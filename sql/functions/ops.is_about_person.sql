-- The events whose lifted keys are set even if they are noisy: PERSON_EVENTS of etl/rules/lifted.py.
create or replace function ops.is_about_person(event text)
returns boolean
language sql
immutable
as $$ select event in ('$identify', '$create_alias', '$merge_dangerously', '$set') $$;
