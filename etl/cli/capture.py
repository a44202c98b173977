"""`etl capture`: events from PostHog's SDKs."""

from __future__ import annotations


def capture() -> None:
    """Receive events from PostHog's SDKs over HTTP and land them; Ctrl-C stops it."""
    from etl import shards
    from etl.capture.server import serve
    from etl.cli.shared import chosen_settings, warehouse_url

    settings = chosen_settings()
    urls = {each.shard or "": each.capture_database_url or warehouse_url(each) for each in shards.each(settings)}
    serve(settings, urls)
