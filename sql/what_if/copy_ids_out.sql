-- Who is who in a replay.
copy (
    select
        team_id,
        distinct_id,
        person_id
    from warehouse.person_distinct_ids
) to stdout (format binary);  -- noqa: PRS
