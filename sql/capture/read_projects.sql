-- Every token that is valid now, with what its project wants done with its events before they land.
select
    t.token_hash,
    t.team_id,
    p.name,
    p.anonymize_ips,
    coalesce(v.dropped_properties, '{}') as dropped_properties,
    coalesce(v.hashed_properties, '{}') as hashed_properties,
    v.hash_key,
    a.key as address_key
from landing.project_token as t
inner join landing.project as p on t.team_id = p.team_id
cross join landing.address_key as a
left join landing.project_privacy as v on t.team_id = v.team_id
where coalesce(t.expires_at > now(), true);
