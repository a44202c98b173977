-- The entries of a section, in an order that every database has.
select
    key,
    value
from ops.digest_entry
where
    section = %(section)s::text
    and not split_part(key, ' ', 1) = any(%(left_out)s::bigint[]::text[])
order by key collate "C";
