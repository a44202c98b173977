-- What was not sent to a channel yet: alerts that are open, and the end of those whose beginning was sent.
select
    a.alert_id,
    a.kind,
    a.subject,
    a.message,
    a.raised_at,
    a.resolved_at,
    a.resolved_at is not null as is_resolved
from ops.alert as a
left join ops.alert_notice as b
    on a.alert_id = b.alert_id and b.channel = %(channel)s::text and not b.is_resolved
left join ops.alert_notice as e
    on a.alert_id = e.alert_id and e.channel = %(channel)s::text and e.is_resolved
where
    (a.resolved_at is null and b.alert_id is null)
    or (a.resolved_at is not null and b.alert_id is not null and e.alert_id is null)
order by a.alert_id;
