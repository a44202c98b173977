-- Every loaded batch: landed + released = loaded + held + duplicate + quarantined.
select
    batch_id,
    landed,
    released,
    loaded,
    held,
    duplicate,
    quarantined
from ops.batch
where status = 'loaded' and landed + released is distinct from loaded + held + duplicate + quarantined;
