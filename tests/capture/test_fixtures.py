"""Every recorded request, replayed byte for byte: what lands is what the SDK meant."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.capture.service import TOKEN, Service

FOLDER = Path(__file__).parent / "fixtures"
FILES = sorted(FOLDER.glob("*.json"))
SDK_INFO = "posthog-sdk-info"
SENT_AT = "posthog-request-timestamp"
REPLAYED = ("content-type", "content-encoding", "origin", "user-agent", "authorization", SDK_INFO, SENT_AT)


def test_there_are_recordings():
    assert len(FILES) > 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_lands_is_what_was_meant(module_service: Service, file: Path) -> None:
    recording = json.loads(file.read_bytes())
    for request in recording.get("requests", [recording] if "method" in recording else []):
        path = request["path"] + (f"?{request['query']}" if request["query"] else "")
        headers = {name: value for name, value in request["headers"].items() if name in REPLAYED}
        body = base64.b64decode(request["body_base64"] or "")
        status, answer, answered = module_service.request(request["method"], path, body, headers)
        if request["path"].startswith("/static/"):
            assert status == 404
            continue
        assert status == 200, answer
        assert "origin" not in headers or answered["access-control-allow-origin"] == headers["origin"]
        if is_auxiliary(request):
            assert module_service.landed_now() == []
            continue
        rows = module_service.landed_now()
        expected = events(request["decoded"])
        assert len(rows) == len(expected)
        for row, event in zip(rows, expected, strict=True):
            compare(row, event, request)


def is_auxiliary(request: dict[str, Any]) -> bool:
    return not request["path"].rstrip("/").endswith(("/e", "/batch", "/i/v1/analytics/events")) or (
        request["method"] != "POST"
    )


def events(decoded: Any) -> list[dict[str, Any]]:
    if isinstance(decoded, list):
        return decoded
    return decoded.get("batch", [decoded])


def compare(row: dict[str, Any], event: dict[str, Any], request: dict[str, Any]) -> None:
    expected = {name: value for name, value in (event.get("properties") or {}).items() if name != "token"}
    for operation in ("$set", "$set_once"):
        if event.get(operation) is not None:
            expected[operation] = (expected.get(operation) or {}) | event[operation]
    headers = request["headers"]
    if SDK_INFO in headers:
        expected |= dict(zip(("$lib", "$lib_version"), headers[SDK_INFO].split("/"), strict=True))
    assert row["properties"] == mended(expected)
    assert row["event"] == event["event"]
    assert row["distinct_id"] == (None if event.get("distinct_id") is None else str(event["distinct_id"]))
    assert row["team_id"] == 1
    assert row["ip"] is None
    if "uuid" in event:
        assert row["uuid"] == event["uuid"]
    else:
        assert row["uuid"]
    decoded = request["decoded"]
    sent_at = decoded.get("sent_at") if isinstance(decoded, dict) else None
    if "offset" in event:
        moment = row["received_at"] - timedelta(milliseconds=event["offset"])
        assert abs(datetime.fromisoformat(row["timestamp"]) - moment) < timedelta(seconds=5)
        assert row["sent_at"] is None
    else:
        assert row["timestamp"] == event.get("timestamp")
        if SENT_AT in headers:
            assert datetime.fromisoformat(row["sent_at"]) == datetime.fromisoformat(headers[SENT_AT])
        elif sent_at:
            assert row["sent_at"] == sent_at
        else:
            milliseconds = int(request["query"].split("_=")[1].split("&")[0])
            assert datetime.fromisoformat(row["sent_at"]).timestamp() == milliseconds / 1000


def mended(value: Any) -> Any:
    """What PostgreSQL cannot store, replaced."""
    if isinstance(value, dict):
        return {mended(name): mended(each) for name, each in value.items()}
    if isinstance(value, list):
        return [mended(each) for each in value]
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    return value


def test_the_token_of_the_recordings(module_service: Service) -> None:
    assert module_service.post({"event": "e", "properties": {"token": TOKEN, "distinct_id": "d"}}) == 200
    assert module_service.post({"event": "e", "properties": {"token": TOKEN[:-1], "distinct_id": "d"}}) == 401
