-- Make room for a rule that asks this one and more, in a database of its own.
alter function ops.is_illegal_distinct_id(text) rename to is_usually_illegal_distinct_id;
