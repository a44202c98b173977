-- The rows that go on: neither quarantined nor a duplicate.
create or replace view staging.accepted_event as
select e.*
from staging.event as e
where not exists (select from staging.excluded as x where x.landing_id = e.landing_id);
