-- Requests with the project's tokens no longer come here; the transaction by which that is so.
with gone as (
    delete from landing.project_token
    where team_id = %(team_id)s::bigint
)

select pg_current_xact_id()::text as xid;
