-- The ids that stand in the place of the erased ones, also those of a replay.
insert into ops.erased_id (team_id, distinct_id)
select
    i.team_id,
    i.distinct_id
from staging.erased_id as i
where i.distinct_id <> i.former_distinct_id
union all
select
    %(team_id)s::bigint as team_id,
    n.distinct_id
from unnest(%(erased_ids)s::text[]) as n (distinct_id)
on conflict (team_id, distinct_id) do nothing;
