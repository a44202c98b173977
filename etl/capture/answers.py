"""What capture answers: the smallest bodies that keep every SDK quiet and let the browser start autocapture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from starlette.responses import PlainTextResponse, Response

RETRY_AFTER_SECONDS = 5

# autocapture_opt_out must be there, and false, or no click is ever captured; without supportedCompression the browser
# sends plain JSON with a preflight each, without hasFeatureFlags it asks for flags at every load.
REMOTE_CONFIG = {"autocapture_opt_out": False, "supportedCompression": ["gzip-js"], "hasFeatureFlags": False}
OLD_FLAGS = {"featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False}
FLAGS = {"flags": {}, **OLD_FLAGS}
# For posthog-js up to about 1.200, which asks here what newer ones read from the configuration. The list of flags is
# what the first version of this question gets; posthog-python fails on it when it asks for a later one.
DECIDE = {
    "supportedCompression": ["gzip-js"],
    "featureFlags": [],
    "sessionRecording": False,
    "autocapture_opt_out": False,
    "config": {"enable_collect_everything": True},
}
# What else SDKs ask for; a refusal of it would stand in the console of each page, or in the log of an app at each try.
NOTHING = {
    "early_access": {"earlyAccessFeatures": []},
    "surveys": {"surveys": []},
    "definitions": {"flags": [], "group_type_mapping": {}, "cohorts": {}},
}

_CAPTURE = r"(?:e|i/v0/e|batch|capture|track|engage)"
ENDPOINTS = {
    "capture": re.compile(rf"(?:/.*)?/(?P<name>{_CAPTURE})/?"),
    "v1": re.compile(r"(?:/.*)?/i/v1/analytics/events/?"),
    "config.js": re.compile(r"(?:/.*)?/array/(?P<token>[\w-]{1,64})/config\.js", re.ASCII),
    "config": re.compile(r"(?:/.*)?/array/(?P<token>[\w-]{1,64})/config/?", re.ASCII),
    "flags": re.compile(r"(?:/.*)?/flags/?"),
    "decide": re.compile(r"(?:/.*)?/decide/?"),
    "early_access": re.compile(r"(?:/.*)?/api/early_access_features/?"),
    "surveys": re.compile(r"(?:/.*)?/api/surveys/?"),
    "definitions": re.compile(r"(?:/.*)?/(?:flags/definitions|api/feature_flag/local_evaluation)/?"),
    "recording": re.compile(r"(?:/.*)?/s/?"),
    "static": re.compile(r"(?:/.*)?/static/(?:\d[\w.-]*/)?(?P<file>\w[\w.-]*\.js(?:\.map)?)", re.ASCII),
    "health": re.compile(r"/_health"),
    "ready": re.compile(r"/_ready"),
    "metrics": re.compile(r"/_metrics"),
}


def endpoint_of(path: str) -> tuple[str, Mapping[str, str]]:
    """What a path asks for, below any prefix, and its parts; ``other`` when nothing is there."""
    for name, pattern in ENDPOINTS.items():
        if match := pattern.fullmatch(path):
            return name, match.groupdict()
    return "other", {}


def json_response(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


def accepted() -> Response:
    """What PostHog answers today."""
    return json_response({"status": "Ok"})


def of_each_event(uuids: Iterable[str | None]) -> Response:
    """The answer of the v1 protocol: all were stored."""
    return json_response({"results": {uuid: {"result": "ok"} for uuid in uuids}})


def auxiliary(endpoint: str, parts: Mapping[str, str], query: Mapping[str, str]) -> Response:
    """The answer to a request that carries no events, or none that are stored.

    Args:
        endpoint: of ``endpoint_of``.
        parts: of its path.
        query: of the URL: what SDKs of different ages understand.
    """
    answer: object
    match endpoint:
        case "config.js":
            return _remote_config(parts["token"])
        case "recording":
            return accepted()
        case "health":
            return PlainTextResponse("ok")
        case "config":
            answer = REMOTE_CONFIG
        case "flags":
            # posthog-js 1.252 to 1.347 takes what is answered with `config` for the remote configuration.
            answer = {**REMOTE_CONFIG, **FLAGS} if _is_true(query.get("config", "")) else FLAGS
        case "decide":
            answer = _decided(query.get("v", ""))
        case _:
            answer = NOTHING[endpoint]
    return json_response(answer)


def _is_true(text: str) -> bool:
    return text.lower() not in {"", "0", "false"}


def _decided(version: str) -> Mapping[str, object]:
    """What /decide/ answers to those who ask for a version of it: only the fourth has the flags as /flags/ has them."""
    number = int(version) if len(version) < 5 and version.isascii() and version.isdigit() else 1
    if number < 2:
        return DECIDE
    return {**DECIDE, **(OLD_FLAGS if number < 4 else FLAGS)}


def _remote_config(token: str) -> Response:
    """The script that a page loads first."""
    text = msgspec.json.encode({"config": REMOTE_CONFIG, "siteApps": []}).decode()
    script = f'(window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}})["{token}"]={text}'
    return Response(script, media_type="application/javascript", headers={"Cache-Control": "public, max-age=60"})


def refusal(status: int, message: str, *, closes: bool = False) -> Response:
    """Plain text; with the time to wait where sending again helps, and the end of the connection where it must."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    if closes:
        headers["Connection"] = "close"
    return PlainTextResponse(message, status_code=status, headers=headers)
