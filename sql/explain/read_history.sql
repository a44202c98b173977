-- The persons a distinct id has had, each with the event that made it so and that event's two ids.
select h.*
from warehouse.person_history(%(team_id)s::bigint, %(distinct_id)s::text) as h;
