-- Whether a state of properties, as etl/rules/property_state.py writes it, says anything of a key.
create or replace function ops.state_has_key(state text, name text)
returns boolean
language sql
immutable
as $$
select
    coalesce(s.state -> 'keys' ? name, false)
    or exists (
        select from jsonb_array_elements(coalesce(s.state -> 'set', '[]') || coalesce(s.state -> 'lifted', '[]')) as e (said)
        where e.said -> 3 ? name
    )
from (select state::jsonb as state) as s
$$;
