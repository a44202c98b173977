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
where not is_balanced;
