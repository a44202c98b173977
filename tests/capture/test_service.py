"""The server as clients and operators see it."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from etl import sql
from etl.operate import project
from etl.settings import Settings
from etl.sql import Db
from tests.capture.service import TOKEN, Service, serving


def event(name: str = "e", **more: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "d1", "uuid": str(uuid.uuid4()), **more}


@pytest.mark.parametrize(
    "path",
    ["/e", "/e/", "/i/v0/e/", "/batch", "/batch/", "/capture/", "/track/", "/engage/", "/ingest/e/", "/a/b/batch/"],
)
def test_every_path_takes_every_shape(service: Service, path: str) -> None:
    single = {**event(), "properties": {"token": TOKEN}}
    assert service.post(single, path) == 200
    assert service.post([single, single], path) == 200
    assert service.post({"token": TOKEN, "batch": [event()]}, path) == 200
    assert service.post({**event(), "api_key": TOKEN}, path) == 200
    assert len(service.landed()) == 5


def test_get_with_data(service: Service) -> None:
    body = json.dumps({**event(), "api_key": TOKEN, "properties": {"t": "\u00fb\u00ff>>>???"}}, ensure_ascii=False)
    data = base64.b64encode(body.encode()).decode()
    assert "+" in data or "/" in data
    assert service.request("GET", f"/e/?ip=1&data={data}&ver=1")[0] == 200
    assert service.landed()[0]["properties"] == {"t": "\u00fb\u00ff>>>???"}
    assert service.request("GET", "/e/")[0] == 400


def test_engage_is_an_identify(service: Service) -> None:
    assert service.post({"$token": TOKEN, "$distinct_id": "u7", "$set": {"plan": "pro"}}, "/engage/") == 200
    row = service.landed()[0]
    assert (row["event"], row["distinct_id"], row["properties"]) == ("$identify", "u7", {"$set": {"plan": "pro"}})


def test_the_newer_protocol_answers_for_each_event(service: Service) -> None:
    sent = event(options={"process_person_profile": False}, properties={"a": 1}, session_id="s1")
    body = json.dumps({"created_at": "2026-11-23T02:45:30Z", "batch": [sent]}).encode()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    status, answer, _ = service.request("POST", "/i/v1/analytics/events", body, bearer)
    assert (status, json.loads(answer)) == (200, {"results": {sent["uuid"]: {"result": "ok"}}})
    row = service.landed()[0]
    assert row["properties"] == {"a": 1, "$process_person_profile": False, "$session_id": "s1"}
    assert row["sent_at"] == "2026-11-23T02:45:30Z"
    assert service.request("POST", "/i/v1/analytics/events", body, {"Authorization": "Bearer phc_other"})[0] == 401
    assert service.request("POST", "/i/v1/analytics/events", body)[0] == 401


@pytest.mark.parametrize(
    ("header", "sent_at"),
    [
        ("2026-11-28T04:01:07.112944+00:00", "2026-11-28T04:01:07.112944+00:00"),
        ("2026-11-28T04:01:07.112Z", "2026-11-28T04:01:07.112000+00:00"),
        ("2026-11-28T05:01:07+01:00", "2026-11-28T04:01:07+00:00"),
        ("2026-11-28T04:01:07", "2026-11-28T04:01:04Z"),
        ("2026-11-28", "2026-11-28T04:01:04Z"),
        ("9999-12-31T23:59:59-01:00", "2026-11-28T04:01:04Z"),
        ("soon", "2026-11-28T04:01:04Z"),
        ("", "2026-11-28T04:01:04Z"),
    ],
)
def test_a_retry_of_the_newer_protocol_was_sent_when_its_header_says(
    service: Service, header: str, sent_at: str
) -> None:
    """The body of every try says when the first was made: events would move by the delay of the retries."""
    body = json.dumps({"created_at": "2026-11-28T04:01:04Z", "batch": [event()]}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "PostHog-Request-Timestamp": header}
    assert service.request("POST", "/i/v1/analytics/events", body, headers)[0] == 200
    assert service.landed()[0]["sent_at"] == sent_at
    assert service.request("POST", "/batch/", body[:-1] + f', "api_key": "{TOKEN}"}}'.encode(), headers)[0] == 200
    assert service.landed()[1]["sent_at"] == "2026-11-28T04:01:04Z", "it is no header of the older protocols"


@pytest.mark.parametrize(
    ("info", "sdk"),
    [
        ("posthog-python/7.91.1", ("posthog-python", "7.91.1")),
        (" posthog/node / 5.70.0 ", ("posthog/node", "5.70.0")),
        ('"}\\/1', ('"}\\', "1")),
        ("a/" + "9" * 198, ("a", "9" * 198)),
        ("a/" + "9" * 199, None),
        ("posthog-python", None),
        ("/7.91.1", None),
        ("posthog-python/ ", None),
        ("/", None),
        ("", None),
        ("posthog-p\u00ffthon/1", None),
    ],
)
def test_the_newer_protocol_names_its_sdk_in_a_header(service: Service, info: str, sdk: tuple[str, str] | None) -> None:
    events = [
        event(options={"process_person_profile": False}, properties={"a": 1, "$lib": "own"}),
        event(properties={"$lib_version": "own"}),
        event(),
    ]
    headers = {"Authorization": f"Bearer {TOKEN}", "PostHog-Sdk-Info": info}
    body = json.dumps({"batch": events}).encode()
    assert service.request("POST", "/i/v1/analytics/events", body, headers)[0] == 200
    own = [
        {"a": 1, "$lib": "own", "$process_person_profile": False},
        {"$lib_version": "own"},
        {},
    ]
    named = {} if sdk is None else dict(zip(("$lib", "$lib_version"), sdk, strict=True))
    assert [row["properties"] or {} for row in service.landed()] == [each | named for each in own]


@pytest.mark.parametrize(
    ("envelope", "sent_at"),
    [
        ({"sentAt": "2026-11-28T04:01:04Z"}, "2026-11-28T04:01:04Z"),
        ({"sentAt": "2026-11-28T04:01:04Z", "sent_at": "2026-11-28T04:01:05Z"}, "2026-11-28T04:01:05Z"),
        ({"sentAt": None, "created_at": "2026-11-28T04:01:06Z"}, "2026-11-28T04:01:06Z"),
    ],
)
def test_older_python_says_when_it_sent_by_another_name(
    service: Service, envelope: dict[str, str | None], sent_at: str
) -> None:
    """posthog-python 1.0 to 7.15."""
    assert service.send(event(), **envelope) == 200
    assert service.landed()[0]["sent_at"] == sent_at


def test_the_headers_of_older_protocols_name_no_sdk(service: Service) -> None:
    body = json.dumps({"api_key": TOKEN, "batch": [event(properties={"$lib": "own"})]}).encode()
    assert service.request("POST", "/batch/", body, {"PostHog-Sdk-Info": "posthog-python/7.91.1"})[0] == 200
    assert service.landed()[0]["properties"] == {"$lib": "own"}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"api_key": "phc_nobody", "batch": [event()]}, 401, "unknown_token"),
        ({"batch": [event()]}, 401, "no_token"),
        ({"api_key": " ", "batch": [event()]}, 401, "no_token"),
        ({"api_key": "phx_personal", "batch": [event()]}, 401, "personal_token"),
        ({"api_key": "x" * 65, "batch": [event()]}, 401, "invalid_token"),
        ({"api_key": "\u00fc", "batch": [event()]}, 401, "invalid_token"),
        ([event(token=TOKEN), event(token="phc_other")], 401, "mixed_tokens"),
        ({"api_key": TOKEN, "batch": []}, 400, "empty"),
        ([], 400, "empty"),
        (b"", 400, "empty"),
        (b"not json", 400, "unreadable"),
        (b"[1, 2]", 400, "unreadable"),
        (gzip.compress(b"{")[:-4], 400, "truncated"),
        ({"api_key": TOKEN, "batch": [1] * 5_001}, 413, "too_many_events"),
        ({"api_key": TOKEN, "batch": [{}] * 5_000}, 400, "no_event"),
        ({"api_key": TOKEN, "batch": [{"event": "e"}, {"distinct_id": "d"}, event(" ")]}, 400, "no_event"),
        ({"api_key": TOKEN, "batch": [{**event(), "distinct_id": " "}, 7, None]}, 400, "no_event"),
        ({"api_key": TOKEN, "batch": [1, 2]}, 400, "no_event"),
    ],
)  # fmt: skip
def test_a_refused_request_stores_nothing_and_is_counted(service: Service, body: Any, status: int, reason: str) -> None:
    assert service.post(body) == status
    assert service.landed() == []
    assert service.metric("etl_capture_refusals_total", reason=reason) == 1


def test_one_bad_event_does_not_cost_its_batch(own_service: Service, cycle) -> None:
    deep = json.loads("[" * 200 + "]" * 200)
    assert own_service.send(event(), 7, None, [event()], {**event(), "deep": deep}, {"event": None}, event()) == 200
    rows = own_service.landed()
    assert len(rows) == 7
    assert own_service.metric("etl_capture_events_total", outcome="unreadable") == 4
    assert rows[4]["properties"].startswith("nested deeper than 128 levels: {")
    batch = cycle()
    assert (batch["landed"], batch["held"], batch["quarantined"]) == (7, 2, 5)


def test_a_request_cannot_hold_up_anybody_else(own_service: Service, db, cycle) -> None:
    """87 bytes on the wire: 5,000 events without a name and an id, with a good one so that the request is taken."""
    assert own_service.send(event(properties={"$device_id": "d1"}), *[{}] * 4_999) == 200
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        " select 'backend', 'u-' || n, jsonb_build_object('$device_id', 'u-' || n) from generate_series(1, 1000) as n"
    )
    batch = cycle()
    assert (batch["landed"], batch["loaded"], batch["quarantined"]) == (6000, 1001, 4999)


def test_a_merge_of_identified_users_needs_a_person(own_service: Service, cycle) -> None:
    for name in ("alice", "bob"):
        assert (
            own_service.send(event("$identify", distinct_id=name, properties={"$anon_distinct_id": f"{name}1"})) == 200
        )
    merge = event("$merge_dangerously", distinct_id="alice", properties={"alias": "bob"})
    assert own_service.send(merge) == 200
    batch = cycle()
    assert (batch["loaded"], batch["persons_merged"]) == (3, 0)


def test_a_uuid_is_made_for_events_without_one(service: Service) -> None:
    old = {"event": "e", "distinct_id": "d", "properties": {"$insert_id": "ad208i3tml0k2z9c"}}
    assert service.send(old, {**old, "uuid": ""}, {"event": "e"}, {"event": "e"}) == 200
    made = [row["uuid"] for row in service.landed()]
    assert made[0] == made[1], "an SDK's second try of the same event"
    assert len(set(made)) == 3
    assert all(uuid.UUID(each) for each in made)


@pytest.mark.parametrize("keeps_addresses", [False, True])
def test_visitors_without_cookies_are_counted_and_their_address_does_not_land(
    database: str, settings: Settings, db: Db, cycle, keeps_addresses: bool
) -> None:
    """posthog-js sends no address: the request comes from one."""
    db.execute("update landing.project set cookieless_mode = 'stateless', anonymize_ips = %s", [not keeps_addresses])
    with serving(database, settings) as service:
        for agent in ("Firefox", "Firefox", "Safari"):
            visitor = {"$cookieless_mode": True, "$raw_user_agent": agent, "$host": "example.com"}
            assert service.send(event(distinct_id="$posthog_cookieless", properties=visitor)) == 200
        assert service.send(event(distinct_id="d", properties={"$cookieless_mode": False})) == 200
    batch = cycle(hold_seconds=0)
    assert (batch["loaded"], batch["quarantined"]) == (4, 0)
    keyed = {row["ip"] for row in db.execute("select ip from landing.event where distinct_id <> 'd'").fetchall()}
    assert [len(each) for each in keyed] == [64]
    rows = db.execute("select distinct_id, ip from warehouse.events order by ip, distinct_id").fetchall()
    assert [row["ip"] for row in rows] == (["127.0.0.1", None, None, None] if keeps_addresses else [None] * 4)
    assert len({row["distinct_id"] for row in rows} - {"d"}) == 2


TICK = {"event": "tick", "distinct_id": "d"}


@pytest.mark.parametrize(
    ("times", "is_known"),
    [
        (["12:00:00.123456"], True),
        (["12:00:00.123", "12:00:00.124", "12:00:00.124"], True),
        (["12:00:00.123456+00:00", "12:00:00.123456+00:00"], True),
        ([None, "12:00:00", "12:00:00.123456"], True),
        (["12:00:00.000Z", "12:00:00.123Z", "12:00:00.125Z"], True),
        # A program may well send events like these twice and mean two.
        (["12:00:00.123"], False),
        (["12:00:00.123", "12:00:00.123"], False),
        (["12:00:00", "12:00:01"], False),
        (["12:00:00.000Z", "12:00:01.000Z", "12:00:02.123Z"], False),
        (["12:00:00.000000"], False),
    ],
)
def test_a_batch_without_uuids_that_is_sent_again_counts_once(
    service: Service, times: list[str | None], is_known: bool
) -> None:
    batch = [TICK | ({"timestamp": f"2026-11-25T{time}"} if time else {}) for time in times]
    for sent_at in ("2026-11-25T12:00:05Z", "2026-11-25T12:00:09Z"):
        assert service.post(json.dumps({"api_key": TOKEN, "batch": batch, "sentAt": sent_at})) == 200
    landed = [row["uuid"] for row in service.landed()]
    assert len(landed) == 2 * len(times)
    assert len(set(landed)) == (len(times) if is_known else 2 * len(times))
    assert service.post(json.dumps({"api_key": TOKEN, "batch": [*batch, TICK]})) == 200, "another batch"
    assert len({row["uuid"] for row in service.landed()} - set(landed)) == len(times) + 1


def test_recordings_are_answered_and_not_stored(service: Service) -> None:
    assert service.post(b"\x1f\x8brubbish", "/s/") == 200
    assert service.send(event("$snapshot"), event("$$heatmap"), event("kept")) == 200
    assert [row["event"] for row in service.landed()] == ["kept"]
    assert service.metric("etl_capture_events_total", outcome="not_stored") == 3


def test_numbers_beyond_the_range_of_the_database_become_text(service: Service) -> None:
    body = (
        '{"api_key": "%s", "batch": [{"event": "e", "distinct_id": "d", "properties": {"n": 1e999999, "s": "1e9999"}}]}'
    )
    assert service.post(body % TOKEN) == 200
    assert service.landed()[0]["properties"] == {"n": "1e999999", "s": "1e9999"}


def test_a_request_of_5_000_events_of_such_numbers_is_loaded(own_service: Service, db, cycle) -> None:
    """26 KB, packed; written out in full its numbers would be 29 GB."""
    numbers = ",".join(f'"k{place}":1e131071' for place in range(44))
    events = ",".join(
        f'{{"event":"$identify","distinct_id":"p{place}","properties":{{"$set":{{{numbers}}}}}}}'
        for place in range(5_000)
    )
    body = gzip.compress(f'{{"api_key":"{TOKEN}","batch":[{events}]}}'.encode())
    assert len(body) < 100_000
    assert own_service.post(body) == 200
    began = time.monotonic()
    assert cycle()["loaded"] == 5_000
    assert time.monotonic() - began < 30
    persons = db.execute("select properties, count(*) as n from warehouse.persons group by properties").fetchall()
    assert persons == [{"properties": {f"k{place}": "1e131071" for place in range(44)}, "n": 5_000}]


def test_what_the_database_refuses_all_the_same_is_quarantined(own_service: Service, cycle, monkeypatch) -> None:
    monkeypatch.setattr("etl.rules.wire._is_huge", lambda number: False)
    bad = '{"event": "a", "distinct_id": "d", "properties": {"n": 1e199999}}'
    body = f'{{"api_key": "%s", "batch": [{bad}, {{"event": "b"}}]}}'
    assert own_service.post(body % TOKEN) == 200
    assert "overflows numeric" in own_service.landed()[0]["properties"]
    assert cycle()["quarantined"] == 2


def test_privacy_of_a_project(service: Service) -> None:
    with sql.connect(service.database) as db:
        token = project.add(db, "shop")
        project.set_privacy(db, "shop", dropped=["secret"], hashed=["email"], stores_ip=True)
    body = {"api_key": token, "batch": [event(properties={"secret": 1, "email": "a@b.c"}, ip="203.0.113.9")]}
    assert service.post(body) == 200
    assert service.send(event(properties={"secret": 1}, ip="203.0.113.9")) == 200
    shop, default = service.landed()
    assert (shop["team_id"], shop["ip"], default["ip"]) == (2, "127.0.0.1", None)
    assert list(shop["properties"]) == ["email"]
    assert len(shop["properties"]["email"]) == 64
    assert default["properties"] == {"secret": 1}


def test_tokens_begin_and_end_without_a_restart(service: Service, monkeypatch) -> None:
    monkeypatch.setattr("etl.capture.projects.FRESH_SECONDS", 0.1)
    monkeypatch.setattr("etl.capture.projects.ASK_AGAIN_SECONDS", 0.1)
    with sql.connect(service.database) as db:
        token = project.add(db, "shop")
        dump = db.execute("select t::text from landing.project_token as t").fetchall()
        assert token not in str(dump)
        time.sleep(0.1)
        assert service.post({"api_key": token, "batch": [event()]}) == 200
        newer = project.rotate(db, "shop", grace_hours=1)
        time.sleep(0.1)
        assert service.post({"api_key": token, "batch": [event()]}) == 200
        assert service.post({"api_key": newer, "batch": [event()]}) == 200
        assert project.disable(db, "shop") == 2
        time.sleep(0.2)
        assert service.post({"api_key": token, "batch": [event()]}) == 401
        assert service.post({"api_key": newer, "batch": [event()]}) == 401
        assert not project.register_token(db, 2, newer), "what was ended stays so"


@pytest.mark.parametrize(
    ("query", "flags"),
    [
        ("", {"featureFlags": []}),
        ("?v=1", {"featureFlags": []}),
        ("?v=", {"featureFlags": []}),
        ("?v=%C2%B2", {"featureFlags": []}),
        ("?v=" + "9" * 5_000, {"featureFlags": []}),
        ("?v=2", {"featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}),
        ("?v=3&ip=1", {"featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}),
        ("?v=4", {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}),
    ],
)  # fmt: skip
def test_no_flags_in_the_version_that_an_sdk_asks_for(service: Service, query: str, flags: dict[str, Any]) -> None:
    """posthog-python 2.5 to 3.23 fails inside the app when it asks for a version and is given a list."""
    status, answer, _ = service.request("POST", f"/decide/{query}", b"{}")
    configuration = {
        "supportedCompression": ["gzip-js"],
        "sessionRecording": False,
        "autocapture_opt_out": False,
        "config": {"enable_collect_everything": True},
    }
    assert (status, json.loads(answer)) == (200, configuration | flags)


def test_flags_bring_the_configuration_when_they_are_asked_to(service: Service) -> None:
    """posthog-js 1.252 to 1.347 forgets otherwise that bodies may be packed, and its last large beacon is lost."""
    flags = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
    configuration = json.loads(service.request("GET", f"/array/{TOKEN}/config")[1])
    assert configuration["supportedCompression"] == ["gzip-js"]
    for query in ("", "?v=2", "?v=2&config=false", "?v=2&config="):
        assert json.loads(service.request("POST", f"/flags/{query}", b"{}")[1]) == flags
    for query in ("?v=2&config=true&ip=0", "?config=1"):
        assert json.loads(service.request("POST", f"/flags/{query}", b"{}")[1]) == configuration | flags


@pytest.mark.parametrize(
    ("path", "nothing"),
    [
        ("/api/early_access_features/?token=phc_x", {"earlyAccessFeatures": []}),
        ("/ingest/api/early_access_features", {"earlyAccessFeatures": []}),
        ("/api/surveys/?token=phc_x", {"surveys": []}),
        ("/flags/definitions?token=phc_x&send_cohorts", {"flags": [], "group_type_mapping": {}, "cohorts": {}}),
        ("/api/feature_flag/local_evaluation/?token=x", {"flags": [], "group_type_mapping": {}, "cohorts": {}}),
    ],
)
def test_what_is_not_supported_is_answered_with_nothing(service: Service, path: str, nothing: dict[str, Any]) -> None:
    status, answer, headers = service.request("GET", path, None, {"Origin": "https://shop.example"})
    assert (status, json.loads(answer)) == (200, nothing)
    assert headers["Access-Control-Allow-Origin"]
    assert service.request("POST", path, b"{}")[0] == 405


def test_cors_on_every_answer_of_a_browser(service: Service) -> None:
    origin = {"Origin": "https://app.example.com"}
    for method, path, body in (
        ("POST", "/e/", b"{"),
        ("GET", "/nothing", None),
        ("GET", f"/array/{TOKEN}/config.js", None),
    ):
        _, _, headers = service.request(method, path, body, origin)
        assert headers["Access-Control-Allow-Origin"] == origin["Origin"]
        assert headers["Access-Control-Allow-Credentials"] == "true"
        assert headers["Access-Control-Expose-Headers"] == "Retry-After"
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-a",
        "Access-Control-Request-Private-Network": "true",
    }
    status, _, headers = service.request("OPTIONS", "/e/?v=1", None, origin | asked)
    assert status == 200
    assert headers["Access-Control-Allow-Headers"] == "content-type,x-a"
    newer = "authorization,content-type,posthog-attempt,posthog-request-id,posthog-request-timestamp,posthog-sdk-info"
    asked_newer = origin | asked | {"Access-Control-Request-Headers": newer}
    status, _, headers = service.request("OPTIONS", "/i/v1/analytics/events", None, asked_newer)
    assert (status, headers["Access-Control-Allow-Headers"]) == (200, newer)
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Private-Network"] == "true"
    for path in ("/_metrics", "/_ready"):
        for method in ("GET", "OPTIONS"):
            status, _, headers = service.request(method, path, None, origin | asked)
            assert status == 200
            assert not [name for name in headers if name.lower().startswith("access-control")]
    assert service.request("OPTIONS", "/anything")[0] == 200
    assert service.request("PUT", "/e/", b"{}")[0] == 405


def test_no_method_goes_unseen(service: Service) -> None:
    """Each gets the same refusal, which a page may read, and is counted."""
    for count, method in enumerate(("PUT", "TRACE", "PROPFIND"), start=1):
        status, text, headers = service.request(method, "/e/", None, {"Origin": "https://shop.example"})
        assert (status, text) == (405, b"Events are sent by POST.")
        assert headers["Access-Control-Allow-Origin"]
        # A request is counted once it is answered.
        assert service.metric("etl_capture_requests_total", endpoint="capture", status="405") == count


def test_no_token_breaks_out_of_the_script(service: Service) -> None:
    assert service.request("GET", "/array/x%22;alert(1);%22/config.js")[0] == 404
    assert service.request("GET", "/array/x%0a/config.js")[0] == 404
    status, script, headers = service.request("GET", "/ingest/array/phc_x/config.js")
    assert status == 200
    assert headers["Content-Type"].startswith("application/javascript")
    assert b'["phc_x"]={"config":{"autocapture_opt_out":false' in script


def test_sizes_are_limited(serve) -> None:
    with serve(max_body_bytes=10_000, max_pending_bytes=1_048_576) as service:
        assert service.send(event(properties={"a": "x" * 9_000})) == 200
        assert service.send(event(properties={"a": "x" * 11_000})) == 413
        assert service.post(gzip.compress(json.dumps({"a": "x" * 11_000}).encode())) == 413
        assert service.post(b"x" * 100_000) == 413
        assert service.send(event()) == 200
        assert service.metric("etl_capture_pending_bytes") == 0
        assert len(service.landed()) == 2


def test_a_full_queue_is_503_and_lets_go_again(serve) -> None:
    with serve(max_pending_bytes=1_048_576) as service:
        status, _, headers = service.request("POST", "/batch/", b" " * 1_100_000)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert service.send(event()) == 200


def test_slow_clients_are_let_go(serve) -> None:
    with serve(header_seconds=0.5, body_seconds=0.5) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as idle:
            idle.sendall(b"POST /e/ HTTP/1.1\r\nHost: x\r\n")
            assert idle.recv(100) == b""
        with socket.create_connection(("127.0.0.1", service.port)) as slow:
            slow.sendall(b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            answer = http.client.HTTPResponse(slow)
            answer.begin()
            assert (answer.status, answer.headers["Connection"]) == (503, "close")
        with socket.create_connection(("127.0.0.1", service.port)) as endless:
            endless.settimeout(5)
            with pytest.raises(ConnectionError):  # noqa: PT012
                while True:
                    endless.sendall(b"X-Header: " + b"x" * 60_000)
        assert service.send(event()) == 200


def test_a_proxy_is_believed_only_if_trusted(serve) -> None:
    with serve() as service, sql.connect(service.database) as db:
        project.set_privacy(db, "default", dropped=[], hashed=[], stores_ip=True)
        forwarded = {"X-Forwarded-For": "203.0.113.9"}
        body = json.dumps({"api_key": TOKEN, "batch": [event()]}).encode()
        assert service.request("POST", "/e/", body, forwarded)[0] == 200
        with serve(trusted_proxies="127.0.0.1") as proxied:
            assert proxied.request("POST", "/e/", body, forwarded)[0] == 200
    assert [row["ip"] for row in service.landed()] == ["127.0.0.1", "203.0.113.9"]


def test_requests_that_arrive_together_are_committed_together(service: Service) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: service.send(event()), range(200)))
    assert answers == [200] * 200
    rows = service.landed()
    assert len({row["uuid"] for row in rows}) == len(rows) == 200
    assert service.metric("etl_capture_commit_seconds_count") <= 200
    assert service.metric("etl_capture_events_total", outcome="landed") == 200
    assert service.metric("etl_capture_queued_events") == 0


def test_health_readiness_and_metrics(service: Service) -> None:
    assert service.request("GET", "/_health")[0] == 200
    assert service.request("GET", "/_ready")[0] == 200
    assert service.send(event()) == 200
    assert service.post(b"{") == 400
    status, text, _ = service.request("GET", "/_metrics")
    assert status == 200
    for line in (
        'etl_capture_requests_total{endpoint="capture",status="200"} ',
        'etl_capture_refusals_total{reason="unreadable"} ',
        'etl_capture_events_total{outcome="landed"} ',
        "etl_capture_commit_seconds_count ",
    ):
        assert line in text.decode()
    assert TOKEN not in text.decode()


def test_the_log_has_neither_bodies_nor_tokens(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert service.send(event("Secret order", properties={"card": "4111"})) == 200
    assert service.request("GET", f"/array/{TOKEN}/config.js")[0] == 200
    output = capsys.readouterr().out
    assert output.count("endpoint") == 2
    assert TOKEN not in output
    assert "4111" not in output
    assert "Secret" not in output
    assert "127.0.0.1" not in output


def test_a_commit_that_is_broken_off_puts_no_event_into_the_log(service: Service, capsys) -> None:
    """PostgreSQL's message has the row at which it was."""
    assert service.send({"event": "e", "distinct_id": "d"}) == 200
    with psycopg.connect(service.database) as blocker, ThreadPoolExecutor(1) as thread:
        leaves = "select relid::text from pg_partition_tree('landing.event') where isleaf"
        for (partition,) in blocker.execute(leaves).fetchall():
            blocker.execute(f"lock table {partition} in exclusive mode")
        sending = thread.submit(service.send, {"event": "e", "distinct_id": "secretive visitor"})
        waiting = (
            "select pid from pg_locks where not granted and pid in (select pid from pg_stat_activity"
            " where application_name = 'etl capture' and datname = current_database())"
        )
        while not (found := blocker.execute(waiting).fetchone()):
            assert not sending.done()
            time.sleep(0.02)
        blocker.execute("select pg_terminate_backend(%s)", found)
        blocker.rollback()
        assert sending.result() == 200
    output = capsys.readouterr().out
    assert "commit failed" in output
    assert "secretive" not in output


def test_the_log_names_addresses_if_it_is_asked_to(serve, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(log_addresses=True) as service:
        assert service.send(event()) == 200
    assert "client=127.0.0.1" in capsys.readouterr().out


def damaged(*elements: bytes) -> bytes:
    return b'{"api_key": "%b", "batch": [%b], "sent_at": "2026-11-25T00:00:00Z"}' % (
        TOKEN.encode(),
        b", ".join(elements),
    )


GOOD = b'{"event": "good", "distinct_id": "d1"}'


@pytest.mark.parametrize(
    "bad",
    [
        b'{"event": "bad", "distinct_id": "andr\xe9"}',
        b'{"event": "bad", "properties": {"distinct_id": "andr\xe9", "n": 1}}',
        b'{"event": "$identify", "distinct_id": "d2", "properties": {"$anon_distinct_id": "andr\xe9"}}',
        b'{"event": "$create_alias", "distinct_id": "d2", "properties": {"alias": "andr\xe9"}}',
        b'{"event": "$groupidentify", "distinct_id": "d2", "properties": {"$group_key": "andr\xe9"}}',
    ],
)
def test_no_id_is_repaired(service: Service, bad: bytes) -> None:
    """Two ids that differ in such a byte only would become one, and two persons with them."""
    assert service.post(damaged(GOOD, bad), "/batch/") == 200
    assert service.post(b'{"api_key": "%b", ' % TOKEN.encode() + bad[1:]) == 200
    good, *refused = service.landed()
    assert (good["event"], good["properties"]) == ("good", None)
    assert len(refused) == 2
    for row in refused:
        assert row["properties"].startswith("an id with bytes that are no UTF-8"), "what is a text is quarantined"
    assert service.metric("etl_capture_events_total", outcome="unreadable") == 2


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"M\xfcnchen", "M\ufffdnchen"),
        (b"cut \xf0\x9f", "cut \ufffd"),
        (b"two\nlines\r\tand a bell\x07", "two\nlines\r\tand a bell\x07"),
        (b"[{\x00", "[{\ufffd"),
        (b'\xff\\"}]\\\\', '\ufffd"}]\\'),
    ],
)
def test_one_bad_byte_costs_no_event(service: Service, written: bytes, text: str) -> None:
    bad = b'{"event": "bad", "distinct_id": "d2", "properties": {"n": 1.50, "text": "%b"}}' % written
    for body in (damaged(GOOD, bad, GOOD), damaged(bad), gzip.compress(damaged(bad, GOOD))):
        assert service.post(body, "/batch/") == 200
    single = b'{"api_key": "%b", ' % TOKEN.encode() + bad[1:]
    assert service.post(single) == 200
    rows = service.landed()
    assert [row["event"] for row in rows] == ["good", "bad", "good", "bad", "bad", "good", "bad"]
    assert all(row["properties"] == {"n": 1.5, "text": text} for row in rows if row["event"] == "bad")
    assert {row["sent_at"] for row in rows[:-1]} == {"2026-11-25T00:00:00Z"}
    assert service.metric("etl_capture_events_total", outcome="repaired") == 4


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"event": "bad", "properties": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}", "nested deeper than 128"),
        (b'{"event": "bad", "distinct_id": "d2",}', "not JSON: trailing comma"),
        (b'{"event": "bad", "batch": [undefined]}', "not JSON"),
        (b'{"event": "bad", "text": "' + b"\xff" * 20_000 + b'"}', "not UTF-8"),
        (b"undefined", "not JSON"),
        (b'{"event": "]"} {', ""),
    ],
)
def test_a_broken_event_costs_itself(service: Service, bad: bytes, reason: str) -> None:
    status = service.post(damaged(GOOD, bad, GOOD), "/batch/")
    rows = service.landed()
    if not reason:  # brackets that do not add up: nothing tells where an event ends
        assert (status, rows) == (400, [])
        return
    assert status == 200
    assert [row["event"] for row in rows] == ["good", None, "good"]
    assert rows[1]["properties"].startswith(reason)
    assert service.metric("etl_capture_events_total", outcome="unreadable") == 1
    array = b"[%b, %b]" % (GOOD.replace(b"{", b'{"token": "%b", ' % TOKEN.encode()), bad)
    assert service.post(array) == 200
    assert len(service.landed()) == 5


def test_a_broken_body_is_counted_and_limited_like_any_other(service: Service) -> None:
    assert service.post(damaged(*[b"{\xff}"] * 5_001), "/batch/") == 413
    assert service.post(damaged(b"{\xff}", b"nan"), "/batch/") == 400
    assert service.post(damaged(GOOD, b"\xff").replace(b"api_key", b"api_\xff"), "/batch/") == 401
    assert service.post(damaged(GOOD, b"\xff")[:-1], "/batch/") == 400
    assert service.post(b'{"event": "e", "distinct_id": "d", "batch": [\xff], "api_key": "%b"}' % TOKEN.encode()) == 400
    assert service.landed() == []
    assert service.post(damaged(GOOD, b"\xff").replace(b'"batch"', b'"my\\"batch": [1], "batch"')) == 200
    assert len(service.landed()) == 2


def test_the_token_of_the_request_is_no_property_and_any_other_is(service: Service) -> None:
    named = event("swap", properties={"token": "USDC", "amount": 5})
    copied = event("copy", properties={"token": TOKEN, "amount": 5})
    assert service.send(named, copied) == 200
    assert [row["properties"] for row in service.landed()] == [{"token": "USDC", "amount": 5}, {"amount": 5}]


def test_what_is_written_with_escapes_is_what_it_says(service: Service) -> None:
    """JSON may write any letter as its code: the same names, the same marks."""
    written = (
        r'{"api_key": "%s", "batch": [{"event": "e", "distinct_id": "d", "properties": {"\u0024ip": "203.0.113.9",'
        r' "\u0024set": {"$\u0069p": "203.0.113.9", "a": "\u0026"}, "$el_text": "4242 4242", "t\u006fken": "%s",'
        r' "$elements": [{"tag_name": "input", "text": "4242 4242", "classes": ["ph\u002dno\u002dcapture"]}]}}]}'
    )
    assert service.post(written % (TOKEN, TOKEN)) == 200
    [row] = service.landed()
    assert row["properties"] == {
        "$set": {"a": "&"},
        "$elements": [{"tag_name": "input", "classes": ["ph-no-capture"]}],
    }


def test_no_address_is_kept_where_properties_are_nested(service: Service) -> None:
    address = {"$ip": "203.0.113.9", "$initial_ip": "203.0.113.9", "a": 1}
    nested = {**address, "$set": address, "$set_once": address, "$group_set": address}
    with sql.connect(service.database) as db:
        token = project.add(db, "shop")
        project.set_privacy(db, "shop", dropped=[], hashed=[], stores_ip=True)
    assert service.send(event(properties=nested, **{"$set": {"b": 2, "$ip": "203.0.113.9"}})) == 200
    assert service.post({"api_key": token, "batch": [event(properties=nested)]}) == 200
    default, shop = [row["properties"] for row in service.landed()]
    assert default == {"a": 1, "$set": {"a": 1, "b": 2}, "$set_once": {"a": 1}, "$group_set": {"a": 1}}
    assert shop == nested
