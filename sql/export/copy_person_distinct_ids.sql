-- The person of every distinct id now, of personless ids the one that their events count as.
copy (
    select
        d.team_id,
        d.distinct_id,
        d.person_id,
        d.is_personless,
        (extract(epoch from d.updated_at) * 1000000)::bigint as updated_at
    from warehouse.person_distinct_id as d
    where %(team_id)s::bigint is null or d.team_id = %(team_id)s::bigint
) to stdout;  -- noqa: PRS
