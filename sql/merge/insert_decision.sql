-- Who decided what about a refused merge, when and why.
insert into ops.merge_decision (team_id, distinct_id, uuid, decision, decided_by, why, landed_uuid)
values (
    %(team_id)s::bigint,
    %(distinct_id)s::text,
    %(uuid)s::uuid,
    %(decision)s::text,
    %(decided_by)s::text,
    %(why)s::text,
    %(landed_uuid)s::uuid
);
