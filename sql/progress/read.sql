-- Which batch the plan belongs to and how far it is; no row after a crash of the server.
select
    batch_id,
    step
from staging.progress;
