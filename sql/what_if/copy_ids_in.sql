-- Who is who by today's rules, next to who is who by the others.
copy staging.replayed_id (team_id, distinct_id, person_id) from stdin (format binary);  -- noqa: PRS
