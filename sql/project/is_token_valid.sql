-- Whether a token may be used now.
select count(*) > 0 as is_valid
from landing.project_token
where token_hash = %(token_hash)s::bytea and coalesce(expires_at > now(), true);
