-- The properties that a project drops or hashes before landing. Its key stays, so that equal values stay equal.
insert into landing.project_privacy as v (team_id, dropped_properties, hashed_properties)
values (%(team_id)s::bigint, %(dropped)s::text[], %(hashed)s::text[])
on conflict (team_id) do update
    set dropped_properties = excluded.dropped_properties, hashed_properties = excluded.hashed_properties;
