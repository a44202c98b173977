-- Whether the project exists, and the ids of those that do, for the message when it does not.
select
    coalesce(bool_or(team_id = %(team_id)s::bigint), false) as is_known,
    string_agg(team_id::text, ', ' order by team_id) as known
from landing.project;
