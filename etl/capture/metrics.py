"""What capture counts, for Prometheus. Labels have few values: no token, path or message of a client is one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "etl_capture_requests", "Requests, by what was asked and how it was answered.", ["endpoint", "status"],
            registry=self._registry,
        )  # fmt: skip
        events = Counter(
            "etl_capture_events",
            "Events: landed; of these unreadable, for quarantine, or repaired (bytes that are no UTF-8, raw control "
            "characters); not stored on purpose (recordings of the screen).",
            ["outcome"],
            registry=self._registry,
        )
        self.refusals = Counter(
            "etl_capture_refusals", "Requests of which nothing was stored.", ["reason"], registry=self._registry
        )
        self.body_bytes = Counter("etl_capture_body_bytes", "Bytes of bodies, as received.", registry=self._registry)
        self.request_seconds = Histogram(
            "etl_capture_request_seconds", "From the head of a capture request to its answer.", buckets=SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.commit_seconds = Histogram(
            "etl_capture_commit_seconds", "One COPY with its commit, of the rows of many requests.", buckets=SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.commit_failures = Counter(
            "etl_capture_commit_failures", "COPYs that failed and are tried again.", registry=self._registry
        )
        self.queued_events = Gauge(
            "etl_capture_queued_events", "Events that wait for their commit.", registry=self._registry
        )
        self.arriving_bytes = Gauge(
            "etl_capture_arriving_bytes", "Bodies, as sent, that are on their way or not unpacked yet.",
            registry=self._registry,
        )  # fmt: skip
        self.pending_bytes = Gauge(
            "etl_capture_pending_bytes", "Requests, unpacked, that are not answered yet.", registry=self._registry
        )
        self.waiting_bytes = Gauge(
            "etl_capture_waiting_bytes", "Properties of events that wait for their commit, by warehouse.", ["shard"],
            registry=self._registry,
        )  # fmt: skip
        self.cut_connections = Counter(
            "etl_capture_cut_connections", "Connections that were closed without an answer, or before one was read.",
            ["reason"], registry=self._registry,
        )  # fmt: skip
        self._events = {each: events.labels(each) for each in ("landed", "unreadable", "repaired", "not_stored")}

    def count_events(self, **outcomes: int) -> None:
        """So many events more, by what became of them."""
        for outcome, events in outcomes.items():
            if events:
                self._events[outcome].inc(events)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)
