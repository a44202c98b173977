-- Whether a client's $merge_dangerously may merge identified persons of the project.
update landing.project
set is_client_merge_allowed = %(is_allowed)s::boolean
where team_id = %(team_id)s::bigint;
