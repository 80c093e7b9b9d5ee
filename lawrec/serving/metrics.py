"""Metrics: what Prometheus reads from `/metrics`.

Several worker processes write their counts into files of one folder, which the environment names
before the package is imported: whichever worker is asked answers for all.
"""

import os
from dataclasses import dataclass
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FACTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class Metrics:
    """The metrics of one service.

    Attributes:
        registry: What holds them.
        requests: Requests by path, method and status.
        seconds: Seconds until the last byte of an answer, by path.
        batch_facts: Facts per batch.
        waiting: Facts in the queue.
        reloads: How often the model was loaded again, by outcome.
    """

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    batch_facts: Histogram
    waiting: Gauge
    reloads: Counter


def new_metrics() -> Metrics:
    """Return the metrics of a service that has answered nothing yet.

    Example:
        >>> metrics = new_metrics()
        >>> metrics.waiting.set(3)
        >>> b"lawrec_waiting_facts 3.0" in exposition(metrics)
        True
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    shared: dict[str, Any] = {"registry": registry}
    return Metrics(
        registry=registry,
        requests=Counter("lawrec_requests", "Requests.", ("path", "method", "status"), **shared),
        seconds=Histogram(
            "lawrec_request_seconds",
            "Seconds until a request was answered.",
            ("path",),
            buckets=_SECONDS,
            **shared,
        ),
        batch_facts=Histogram(
            "lawrec_batch_facts", "Facts that were scored together.", buckets=_FACTS, **shared
        ),
        waiting=Gauge(
            "lawrec_waiting_facts",
            "Facts that wait to be scored.",
            multiprocess_mode="livesum",
            **shared,
        ),
        reloads=Counter("lawrec_reloads", "Loads of the model.", ("outcome",), **shared),
    )


def exposition(metrics: Metrics) -> bytes:
    """Return the metrics of all workers in Prometheus's text format.

    Example:
        >>> b"# HELP lawrec_requests_total Requests." in exposition(new_metrics())
        True
    """
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(metrics.registry)
    everything = CollectorRegistry()
    MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    return generate_latest(everything)


def forget_process() -> None:
    """Leave the gauges of this process out of the sums of the others, when it ends.

    Example:
        >>> forget_process()
    """
    if FOLDER_VARIABLE in os.environ:
        mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


CONTENT_TYPE = CONTENT_TYPE_LATEST
