-- A project as it is in the other database.
insert into landing.project
select p.*
from jsonb_populate_record(null::landing.project, %(project)s::jsonb) as p;
