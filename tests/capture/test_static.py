"""posthog-js's own files, for pages that load them from here as PostHog's snippet does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etl.capture.app import Capture
from etl.errors import ConfigurationError

SCRIPT = "window.posthog=1;\n"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("array.js", "array.full.js", "array.js.map", "surveys.js"):
        (folder / name).write_text(f"{SCRIPT}// {name}")
    (folder / "module.d.ts").write_text("types")
    (folder / ".secret.js").write_text("secret")
    (tmp_path / "other.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "other.js")
    return folder


def test_a_browser_gets_a_script_that_it_keeps(serve, dist):
    with serve(static_dir=dist) as service:
        status, body, headers = service.request("GET", "/static/array.js", headers={"Origin": "https://shop.example"})
        assert (status, body) == (200, f"{SCRIPT}// array.js".encode())
        assert headers["Content-Type"].startswith(("text/javascript", "application/javascript"))
        assert headers["Cache-Control"] == "public, max-age=300"
        # The snippet asks for it with crossorigin="anonymous".
        assert headers["Access-Control-Allow-Origin"] in {"*", "https://shop.example"}
        again = service.request("GET", "/static/array.js", headers={"If-None-Match": headers["ETag"]})
        assert again[:2] == (304, b"")
        (dist / "array.js").write_text("window.posthog=2;")
        os.utime(dist / "array.js", (1, 1))
        assert service.request("GET", "/static/array.js", headers={"If-None-Match": headers["ETag"]})[0] == 200
        assert service.request("HEAD", "/static/array.full.js")[:2] == (200, b"")
        assert service.request("GET", "/ingest/static/1.449.2/surveys.js?v=1.449.2")[0] == 200
        assert service.request("POST", "/static/array.js", b"{}")[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/recorder.js", "/static/module.d.ts", "/static/.secret.js", "/static/link.js", "/static/../other.js",
        "/static/%2e%2e/other.js", "/static/1.0/../../other.js", "/static/", "/static", "/static/array.js/",
        "/static//etc/passwd", "/static/array.js%00.js", f"/static/{'x' * 5000}.js",
    ],
)  # fmt: skip
def test_nothing_else_is_served(serve, dist, path):
    with serve(static_dir=dist) as service:
        status, body, _ = service.request("GET", path)
        assert status == 404
        assert b"secret" not in body


def test_without_the_folder_it_says_so(service, settings, database):
    status, body, _ = service.request("GET", "/static/array.js")
    assert status == 404
    assert b"ETL_CAPTURE_STATIC_DIR is not set" in body


def test_a_folder_without_posthog_js_is_refused(settings, tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no array\.js"):
        Capture(settings.model_copy(update={"capture_static_dir": tmp_path}), {"": "postgresql://nowhere"})
