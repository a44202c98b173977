-- What the gate said of each project's rows, for the batches of the next hour and for people.
insert into ops.batch_project
select p.*
from staging.batch_project as p;
