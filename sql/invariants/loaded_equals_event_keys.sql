-- As many uuids are remembered as batches say they loaded, without what was withdrawn since, or removed with its
-- project. Not asked while a dead run's share of the open batch is left behind: the next run removes it.
select
    k.remembered,
    b.loaded
from (select count(*) as remembered from warehouse.event_key) as k
cross join (
    select
        (select coalesce(sum(loaded), 0) from ops.batch where status = 'loaded')
        - (select coalesce(sum(loaded), 0) from ops.withdrawal)
        - (select coalesce(sum((counts ->> 'warehouse.event_key')::bigint), 0) from ops.removed_project) as loaded
) as b
where k.remembered <> b.loaded and not exists (select w.batch_id from ops.written_ahead as w);
