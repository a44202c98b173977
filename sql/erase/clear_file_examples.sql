-- Of lines of files that could not be read the beginnings are kept: not of those that name one of the ids.
update ops.landed_file
set
    unreadable_examples = coalesce(
        (
            select jsonb_agg(e.example order by e.place)
            from jsonb_array_elements(ops.landed_file.unreadable_examples) with ordinality as e (example, place)
            where not ops.names_id(e.example, %(ids)s::text[])
        ), '[]'
    )
where ops.names_id(unreadable_examples, %(ids)s::text[]);
