-- Whether the addresses that a project's events come from are stored.
update landing.project
set anonymize_ips = %(anonymize_ips)s::boolean
where team_id = %(team_id)s::bigint;
