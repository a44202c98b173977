-- The query of an expectation, for so many rows at most: the driver takes all before the first is looked at.
select format(
    e'select * from (%%s\n) as offender limit %%s', rtrim(%(query)s::text, e'; \t\r\n'), %(at_most)s::bigint
) as query;
