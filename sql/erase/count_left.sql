-- What an erasure does not reach: names of events, and reasons of operators in the audit log, that name one of the ids.
select
    (
        select count(*)
        from staging.erased_event as r
        where r.kind in ('loaded', 'held') and ops.without_ids(r.event, %(ids)s::text[]) <> r.event
    ) as event_names_left,
    (
        select count(*)
        from ops.audit_entry as a
        where a.kind = 'decision' and ops.without_ids(a.record, %(ids)s::text[]) <> a.record
    ) as reasons_left;
