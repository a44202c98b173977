-- Note that a file is being landed, or find how far it got before. With is_again, or undone since, it counts as never
-- landed. Of two names for the same bytes the one stays that they were landed under.
insert into ops.landed_file as f (team_id, sha256, name, bytes)
values (%(team_id)s::bigint, %(sha256)s::text, %(name)s::text, %(bytes)s::bigint)
on conflict (team_id, sha256) do update
    set (name, records, landed, unreadable, unreadable_examples, started_at, landed_at, undone_at) = (
        select
            case when n.is_new or f.landed_at is null then excluded.name else f.name end,
            case when n.is_new then 0 else f.records end,
            case when n.is_new then 0 else f.landed end,
            case when n.is_new then 0 else f.unreadable end,
            case when n.is_new then '[]' else f.unreadable_examples end,
            case when n.is_new then now() else f.started_at end,
            case when not n.is_new then f.landed_at end,
            null::timestamptz
        from (select %(is_again)s::boolean or f.undone_at is not null as is_new) as n
    )
returning
    name,
    records,
    landed,
    unreadable,
    unreadable_examples,
    landed_at;
