-- Note that the project has come; its rows on the other shard are still to be removed.
insert into ops.moved_project (
    batch_id, team_id, name, from_shard, moved_by, why, source_xid, source_landing_id, counts
)
values (
    %(batch_id)s::bigint, %(team_id)s::bigint, %(name)s::text, %(from_shard)s::text, %(by)s::text, %(why)s::text,
    %(source_xid)s::xid8, %(source_landing_id)s::bigint, %(counts)s::jsonb
)
returning
    batch_id,
    team_id,
    from_shard,
    source_xid::text as source_xid,
    source_landing_id,
    counts;
