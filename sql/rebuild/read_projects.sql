-- The projects with their rules.
select to_jsonb(p)::text as project
from landing.project as p;
