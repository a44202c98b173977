-- What has been applied.
select
    name,
    checksum
from public.etl_migration;
