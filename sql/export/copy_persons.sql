-- The living persons, moments as microseconds since 1970.
copy (
    select
        p.team_id,
        p.person_id,
        p.is_identified,
        (extract(epoch from p.created_at) * 1000000)::bigint as created_at,
        (extract(epoch from p.first_seen_at) * 1000000)::bigint as first_seen_at,
        p.properties::text as properties,
        (extract(epoch from p.updated_at) * 1000000)::bigint as updated_at
    from warehouse.persons as p
    where p.merged_into is null and (%(team_id)s::bigint is null or p.team_id = %(team_id)s::bigint)
) to stdout;  -- noqa: PRS
