-- A project that has come with its history, and of which rows may still be on the shard that it leaves.
select
    batch_id,
    team_id,
    from_shard,
    source_xid::text as source_xid,
    source_landing_id,
    counts
from ops.moved_project
where name = %(name)s::text and finished_at is null;
