-- Every project with its valid tokens, for people: hints, not tokens.
select
    p.team_id,
    p.name,
    p.anonymize_ips,
    p.is_client_merge_allowed,
    p.merge_move_limit,
    p.created_at,
    coalesce(v.dropped_properties, '{}') as dropped_properties,
    coalesce(v.hashed_properties, '{}') as hashed_properties,
    (
        select
            coalesce(
                string_agg(
                    '...' || t.hint || coalesce(' until ' || to_char(t.expires_at, 'YYYY-MM-DD HH24:MI'), ''), ', '
                    order by t.created_at
                ), ''
            )
        from landing.project_token as t
        where t.team_id = p.team_id and coalesce(t.expires_at > now(), true)
    ) as tokens
from landing.project as p
left join landing.project_privacy as v on p.team_id = v.team_id
order by p.team_id;
