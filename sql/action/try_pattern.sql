-- Whether PostgreSQL can use a regular expression; an error says why not.
select '' ~ %(pattern)s::text as is_match;
