-- Whether an identified person is protected from being merged away by an $identify or $create_alias. It is; the replay
-- of `etl what-if --no-guard` has a function of its own in this one's place.
create or replace function ops.is_merge_guarded()
returns boolean
language sql
immutable
parallel safe
as $$ select true $$;
