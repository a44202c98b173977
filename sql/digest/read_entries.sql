-- The entries of a section, in an order that every database has.
select
    key,
    value
from ops.digest_entry
where section = %(section)s::text
order by key collate "C";
