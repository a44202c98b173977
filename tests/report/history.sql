-- A generated history: a batch a minute, with everything that batches can have. Statements end with a line `;`.
insert into ops.batch (batch_id, status, lower_xid, lower_landing_id, upper_xid, upper_landing_id,
    arrival_clock_before, arrival_clock, as_of, hold_seconds, is_caught_up, landed, released, loaded, held,
    duplicate, quarantined, rescued, persons_created, persons_merged, step_seconds, opened_at, loaded_at)
select n, 'loaded', n::text::xid8, n * 10, (n + 1)::text::xid8, n * 10 + 10,
    t, t, t, 60, true,
    5 + h + d + q, r, 5 + r, h, d, q, least(r, n %% 3), (n %% 7 = 0)::int + 1, (n %% 11 = 0)::int,
    '{"open": 0.01, "stage": 0.03, "validate": 0.11, "resolve": 0.09, "load": 0.07}', t, t + interval '1.4 s'
from (
    select n, %(end)s::timestamptz - make_interval(mins => (%(batches)s - n)::int) as t, (n %% 4)::int as h,
        case when n > 1 then ((n - 1) %% 4)::int else 0 end as r, (n %% 13 = 0)::int * 3 as d, (n %% 97 = 0)::int * 2 as q
    from generate_series(1, %(batches)s::bigint) as n
) as x
;
insert into warehouse.person_distinct_id (team_id, distinct_id, person_id, is_personless, tied_by_uuid, updated_at)
select 1, 'user-' || u || '-' || device, md5('person-' || u)::uuid, false, md5('x')::uuid, now()
from generate_series(0, 2999) as u cross join generate_series(0, 1) as device
;
insert into warehouse.stored_event (team_id, distinct_id, uuid, event, "timestamp", person_id, person_mode,
    properties, has_property_operations, is_lifted, received_at, batch_id, xid, landing_id, row_hash)
select 1, 'user-' || u || '-' || (n %% 2), gen_random_uuid(), 'page', b.as_of - make_interval(secs => a),
    md5('person-' || u)::uuid, 'full', '{"$device_id": "x", "path": "/pricing"}', false, false,
    b.as_of - make_interval(secs => k * 11), b.batch_id, '9', n * 10 + k, 0
from ops.batch as b
cross join lateral (select b.batch_id as n) as n
cross join generate_series(1, 5) as k
cross join lateral (select (n * 7 + k * 131 + (n * k) %% 17) %% 3000 as u,
    case when (n + k) %% 29 = 0 then 90000 else k * 12 end as a) as x
;
insert into quarantine.event (landing_id, batch_id, xid, received_at, team_id, uuid, event, distinct_id, properties, reasons)
select batch_id * 10 + k, batch_id, '9', loaded_at, 1, null, case when batch_id %% 2 = 0 then '' else 'Signed up' end,
    case when batch_id %% 2 = 0 then 'user-3' end, '{"plan": "pro", "source": "backend"}',
    case when batch_id %% 2 = 0
        then '[{"expectation": "event_name_not_empty", "column": "event_length", "reason": "The event''s name is empty.", "remedy": "Send a name in `event`."}]'::jsonb
        else '[{"expectation": "distinct_id_present", "column": "distinct_id", "reason": "The event has no distinct_id, at the top level or in its properties.", "remedy": "Send the user''s id, or the device''s id for an anonymous visitor."}]'::jsonb
    end
from ops.batch cross join generate_series(1, 2) as k where quarantined > 0
;
insert into ops.warning (team_id, distinct_id, uuid, landing_id, batch_id, type, details, remedy)
select 1, 'user-1-0', gen_random_uuid()::text, batch_id * 10, batch_id,
    (array['cannot_merge_already_identified', 'distinct_id_truncated', 'event_timestamp_in_future'])[1 + batch_id / 50 %% 3],
    '{"used": "2026-11-23T10:00:00Z"}', 'Check the client''s clock and that it sends sent_at.'
from ops.batch where batch_id %% 50 = 0
;
insert into ops.expectation_result (batch_id, suite, expectation, type, "column", severity, is_success, evaluated, unexpected, examples)
select batch_id, 'staged_event', name, 'expect_column_values_to_be_in_set', 'x', severity,
    severity = 'warning' or quarantined = 0, landed, case when severity = 'warning' then 0 else quarantined end, '[]'
from ops.batch cross join (values ('event_name_not_empty', 'critical'), ('distinct_id_present', 'critical'),
    ('timestamp_in_range', 'warning'), ('uuid_valid', 'critical'), ('sent_at_parseable', 'warning'), ('properties_object', 'critical')) as e (name, severity)
;
