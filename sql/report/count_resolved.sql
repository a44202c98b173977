-- How many refused rows people have dealt with: the quarantine page changes with it.
select
    count(*) as resolved,
    max(q.resolved_at) as resolved_at
from quarantine.event as q
where q.resolution is not null;
