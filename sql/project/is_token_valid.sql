-- Whether a token may be used now.
select exists (
    select from landing.project_token
    where token_hash = %(token_hash)s::bytea and coalesce(expires_at > now(), true)
) as is_valid;
