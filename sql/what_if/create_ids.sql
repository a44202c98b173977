create temporary table as_is (team_id bigint, distinct_id text, person_id uuid);
