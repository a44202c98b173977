-- One incident's state.
select
    i.incident_id,
    i.kind,
    i.state,
    i.closed_by
from ops.incident as i
where i.incident_id = %(incident_id)s::bigint;
