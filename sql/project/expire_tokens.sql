-- Let a project's tokens end after some hours, the sooner of this and what was said before.
update landing.project_token
set expires_at = least(expires_at, now() + make_interval(secs => %(hours)s::float8 * 3600))
where team_id = %(team_id)s::bigint and coalesce(expires_at > now(), true);
