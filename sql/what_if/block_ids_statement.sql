-- The statement that lets these ids join nobody, either. A function takes no parameters, so the server quotes them.
select
    format(
        'create function ops.is_illegal_distinct_id(distinct_id text) returns boolean language sql immutable as %%L',
        format(
            'select ops.is_usually_illegal_distinct_id(distinct_id) or distinct_id = any(%%L::text[])',
            %(ids)s::text[]
        )
    ) as statement;
