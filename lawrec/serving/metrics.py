"""Metrics: what Prometheus reads from `/metrics`."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FACTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """The metrics of one service that has answered nothing yet.

    Attributes:
        registry: What holds them.
        requests: Requests by path, method and status.
        seconds: Seconds until the last byte of an answer, by path.
        batch_facts: Facts per batch.
        waiting: Facts in the queue.
        workers: Processes that score.
        reloads: How often the model was loaded again, by outcome.

    Example:
        >>> metrics = Metrics()
        >>> metrics.waiting.set(3)
        >>> b"lawrec_waiting_facts 3.0" in exposition(metrics)
        True
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "lawrec_requests", "Requests.", ("path", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            "lawrec_request_seconds",
            "Seconds until a request was answered.",
            ("path",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.batch_facts = Histogram(
            "lawrec_batch_facts",
            "Facts that were scored together.",
            registry=registry,
            buckets=_FACTS,
        )
        self.waiting = Gauge(
            "lawrec_waiting_facts", "Facts that wait to be scored.", registry=registry
        )
        self.workers = Gauge(
            "lawrec_workers", "Processes that score, or load the model to do so.", registry=registry
        )
        self.reloads = Counter(
            "lawrec_reloads", "Loads of the model.", ("outcome",), registry=registry
        )


def exposition(metrics: Metrics) -> bytes:
    """Return the metrics in Prometheus's text format.

    Example:
        >>> b"# HELP lawrec_requests_total Requests." in exposition(Metrics())
        True
    """
    return generate_latest(metrics.registry)
