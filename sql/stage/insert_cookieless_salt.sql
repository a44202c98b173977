-- A salt for each arrival day of the batch, if any project takes cookieless events.
insert into landing.cookieless_salt (day)
select distinct (l.received_at at time zone 'UTC')::date as day
from landing.event as l
where
    (l.xid, l.landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
    and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
    and exists (select from landing.project as p where p.cookieless_mode <> 'off')
on conflict (day) do nothing;
