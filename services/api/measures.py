"""What operators see of this process at `/metrics`. Labels are bounded: never a code or an id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chitieu import __version__


class Measures:
    """One registry an app, so that two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "chitieu_api_requests_total",
            "Requests by operation and status",
            ["operation", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "chitieu_api_request_duration_seconds",
            "Time to the last byte of a response",
            ["operation"],
            buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5),
            registry=self.registry,
        )
        self.evaluations = Histogram(
            "chitieu_api_evaluation_duration_seconds",
            "Time to evaluate a province that was not in memory",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5),
            registry=self.registry,
        )
        self.lag = Gauge(
            "chitieu_scorer_lag_entries",
            "Placed entries that are not scored yet",
            registry=self.registry,
        )
        self.position = Gauge(
            "chitieu_log_position_entries", "Newest position of the log", registry=self.registry
        )
        self.kafka = {
            name: Gauge(f"chitieu_kafka_{name}", says, registry=self.registry)
            for name, says in (
                ("unsent", "Entries of the log that are not in Kafka"),
                ("unsent_seconds", "For how long the oldest of them is not"),
                ("unscored", "Entries in Kafka that not every partition has passed"),
                ("unscored_seconds", "For how long the oldest of them is placed"),
                ("results_waiting", "Results that moved and were not sent"),
                ("dead_letters", "Messages that nobody can use and nobody sent again"),
            )
        }
        self.astray = Gauge(
            "chitieu_tables_astray",
            "Tables with rows that belong to no month: a clock is wrong",
            registry=self.registry,
        )
        build = Gauge("chitieu_build_info", "Release", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
