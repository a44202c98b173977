-- Note the chunk that this transaction lands. No row comes back if another process has moved the file on meanwhile.
update ops.landed_file
set
    records = records + %(records)s::bigint,
    landed = landed + %(landed)s::bigint,
    unreadable = unreadable + %(unreadable)s::bigint,
    unreadable_examples = %(unreadable_examples)s::jsonb,
    landed_at = case when %(is_last)s::boolean then now() end
where
    team_id = %(team_id)s::bigint
    and sha256 = %(sha256)s::text
    and records = %(records_before)s::bigint
    and landed_at is null
    and undone_at is null
returning
    records,
    landed,
    unreadable,
    unreadable_examples,
    landed_at;
