-- Note that a file is being landed, or find how far it got before. With is_again it counts as never landed.
-- Of two names for the same bytes the one stays that they were landed under.
insert into ops.landed_file as f (team_id, sha256, name, bytes)
values (%(team_id)s::bigint, %(sha256)s::text, %(name)s::text, %(bytes)s::bigint)
on conflict (team_id, sha256) do update
    set
        name = case when f.landed_at is null or %(is_again)s::boolean then excluded.name else f.name end,
        records = case when %(is_again)s::boolean then 0 else f.records end,
        landed = case when %(is_again)s::boolean then 0 else f.landed end,
        unreadable = case when %(is_again)s::boolean then 0 else f.unreadable end,
        unreadable_examples = case when %(is_again)s::boolean then '[]' else f.unreadable_examples end,
        started_at = case when %(is_again)s::boolean then now() else f.started_at end,
        landed_at = case when not %(is_again)s::boolean then f.landed_at end
returning
    name,
    records,
    landed,
    unreadable,
    unreadable_examples,
    landed_at;
