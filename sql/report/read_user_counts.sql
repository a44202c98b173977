-- Users as they would have been counted without the buffer, by day of event time.
select
    u.day,
    sum(u.persons_without_buffer)::bigint as without_buffer
from ops.user_day as u
where u.day >= %(since)s::date
group by u.day
order by u.day;
