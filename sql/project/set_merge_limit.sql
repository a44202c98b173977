-- How many distinct ids a merging event of the project may move at once; null: any number.
update landing.project
set merge_move_limit = %(most_ids)s::bigint
where team_id = %(team_id)s::bigint;
