-- The digest of all rows of each audited table.
select
    d.name,
    d.digest
from ops.audited_digests() as d;
