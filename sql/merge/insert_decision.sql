-- Who decided what about a refused merge, when and why.
insert into ops.merge_decision (team_id, distinct_id, uuid, event, decision, decided_by, why, landed_uuid)
values (
    %(team_id)s::bigint,
    %(distinct_id)s::text,
    %(uuid)s::uuid,
    %(event)s::text,
    %(decision)s::text,
    %(decided_by)s::text,
    %(why)s::text,
    %(landed_uuid)s::uuid
);
