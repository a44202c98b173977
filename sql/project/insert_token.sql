-- Give a project a token, of which only the hash is kept. One that was ended stays so.
insert into landing.project_token (token_hash, team_id, hint)
values (%(token_hash)s::bytea, %(team_id)s::bigint, %(hint)s::text)
on conflict (token_hash) do nothing;
