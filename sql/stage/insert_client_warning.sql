-- What an SDK tells its operators by an event of its own.
insert into staging.warning (landing_id, type, details, remedy)
select
    e.landing_id,
    'client_ingestion_warning' as type,
    jsonb_build_object('message', l.message) as details,
    'Read the message and correct the client.' as remedy
from staging.event as e
cross join
    lateral (
        select r.properties -> '$$client_ingestion_warning_message' as message
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l
where e.refusal = 'client_ingestion_warning';
