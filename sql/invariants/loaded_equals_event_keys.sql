-- As many uuids are remembered as batches say they loaded. Not asked while a dead run's share of the open batch is left
-- behind: the next run removes it.
select
    k.remembered,
    b.loaded
from (select count(*) as remembered from warehouse.event_key) as k
cross join (select coalesce(sum(loaded), 0) as loaded from ops.batch where status = 'loaded') as b
where k.remembered <> b.loaded and not exists (select from ops.written_ahead);
