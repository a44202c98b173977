"""A real Chromium, pages for it, and what stock SDKs send from there to a capture server and through a cycle."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from etl.settings import Settings
from tests.capture.service import TOKEN, Service, serving

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
SDKS = {
    "1.449.2": "/posthog-js/dist/module.js",
    "1.200.1": "/posthog-js-1-200/dist/module.js",
    "1.57.2": "/posthog-js-1-57/dist/es.js",
}
# Without the last two the SDK takes the browser for a robot and drops every event. The user agent must be that of the
# browser, not of the context, which is gone by the time the last beacon is sent.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-blink-features=AutomationControlled",
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/156.0.0.0 Safari/537.36",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(FOLDER):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    assert program, "apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a person who was never here. At the end its console must be clean, but for ``page.expected``."""
    context = chromium.new_context()
    page = context.new_page()
    seen: list[str] = []
    page.expected = ()  # type: ignore[attr-defined]
    page.on("console", lambda message: seen.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    yield page
    expected = page.expected  # type: ignore[attr-defined]
    context.close()
    assert [text for text in seen if not any(part in text for part in expected)] == []


class _Site(SimpleHTTPRequestHandler):
    """The pages of this folder and the SDKs of node_modules."""

    def do_GET(self) -> None:
        if self.path.startswith("/favicon.ico"):
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        plain = path.partition("?")[0]
        root = MODULES if plain.startswith("/posthog-js") else FOLDER
        return str(root / plain.lstrip("/"))

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of a shop's own web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Site, directory=str(FOLDER))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def service(database: str, settings: Settings) -> Iterator[Service]:
    """A capture server on the test's own database."""
    own = settings.model_copy(update={"capture_static_dir": MODULES / "posthog-js" / "dist"})
    with serving(database, own) as running:
        yield running


@pytest.fixture
def visit(page: Page, site: str, service: Service) -> Callable[..., Page]:
    """Open the shop with an SDK and wait until it has started, autocapture included."""

    def _visit(sdk: str = "1.449.2", *, path: str = "", **options: Any) -> Page:
        if sdk == "1.449.2":
            options = {"request_queue_config": {"flush_interval_ms": 250}} | options
        query = {"sdk": SDKS[sdk], "token": TOKEN, "api": service.url + path, "options": json.dumps(options)}
        page.goto(f"{site}/page.html?{urlencode(query)}")
        page.wait_for_function("window.isLoaded")
        if sdk == "1.449.2" and "advanced_disable_flags" not in options:
            page.wait_for_function("posthog.get_property('$autocapture_disabled_server_side') === false")
        return page

    return _visit


@pytest.fixture
def landed(service: Service) -> Callable[..., list[dict[str, Any]]]:
    """Wait until so many events of some names are in landing; returns all that are."""

    def _landed(*names: str, seconds: float = 20.0) -> list[dict[str, Any]]:
        until = time.monotonic() + seconds
        while True:
            rows = service.landed()
            missing = [*names]
            for row in rows:
                if row["event"] in missing:
                    missing.remove(row["event"])
            if not missing:
                return rows
            assert time.monotonic() < until, f"{missing} did not land, only {[row['event'] for row in rows]}"
            time.sleep(0.1)

    return _landed


def node_backend(
    service: Service, events: list[tuple[str, str, dict[str, Any]]], **options: Any
) -> subprocess.Popen[str]:
    """Start a program that sends events with posthog-node."""
    given = {"url": service.url, "token": TOKEN, "options": options, "events": events}
    return subprocess.Popen(
        ["node", "backend.mjs", json.dumps(given)],
        cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
