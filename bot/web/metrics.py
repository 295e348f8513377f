"""How the house fares, as numbers for Prometheus. Pure."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.insight.vitals import SourceVitals, Vitals


def registry(vitals: Vitals) -> CollectorRegistry:
    """The numbers in a form that prometheus_client writes."""
    made = CollectorRegistry()
    made.register(_Snapshot(vitals))
    return made


class _Snapshot(Collector):
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        vitals = self._vitals
        gauges = {
            "lapwing_inbox_waiting_posts": ("Posts not yet decided.", vitals.waiting),
            "lapwing_inbox_oldest_seconds": ("How long the oldest of them has waited.", vitals.oldest_waiting_s),
            "lapwing_inbox_set_aside_posts": ("Posts that the model failed on.", vitals.set_aside),
            "lapwing_outbox_owed_deliveries": ("Deliveries to be sent.", vitals.owed),
            "lapwing_outbox_held_deliveries": ("Deliveries held for suspended channels.", vitals.held),
            "lapwing_outbox_failed_deliveries": ("Deliveries that the chat refused.", vitals.failed),
            "lapwing_model_loaded": ("Whether the model is loaded.", int(vitals.model_loaded)),
            "lapwing_suspended_channels": ("Channels that nothing can be sent to.", vitals.suspended_channels),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value=value)
        yield _counter("lapwing_posts_new", "Posts not seen before, since the start.", "source", vitals.new_posts)
        yield _counter("lapwing_posts_repeated", "Posts seen before.", "source", vitals.repeated_posts)
        yield _counter("lapwing_task_deaths", "Tasks that died and were started again.", "task", vitals.deaths)
        yield from _of_sources(vitals.sources)


def _of_sources(sources: Mapping[str, SourceVitals]) -> Iterator[Metric]:
    """How each live source fares. One that was never heard has no time since it was."""
    gauges: dict[str, tuple[str, dict[str, float]]] = {
        "lapwing_source_accounts": (
            "Accounts that are watched there.",
            {name: one.accounts for name, one in sources.items()},
        ),
        "lapwing_source_connected": (
            "Whether the place behind the source can be heard.",
            {name: int(one.connected) for name, one in sources.items()},
        ),
        "lapwing_source_quiet_seconds": (
            "Since the place behind it last sent anything.",
            {name: one.quiet_s for name, one in sources.items() if one.quiet_s is not None},
        ),
        "lapwing_source_posts_today": (
            "Posts given since midnight, UTC.",
            {name: one.posts_today for name, one in sources.items()},
        ),
    }
    for metric, (meaning, values) in gauges.items():
        yield _filled(GaugeMetricFamily(metric, meaning, labels=["source"]), values)
    counters = {
        "lapwing_source_gaps": ("Times it was away so long that posts may be missing.", "gaps"),
        "lapwing_source_recovered": ("Posts given late, out of a gap.", "recovered"),
        "lapwing_source_lost": ("What is known to be missed for good.", "lost"),
        "lapwing_source_skipped": ("What came and could not be read.", "skipped"),
    }
    for metric, (meaning, field) in counters.items():
        yield _counter(metric, meaning, "source", {name: getattr(one, field) for name, one in sources.items()})


def _counter(name: str, meaning: str, label: str, counts: Mapping[str, int]) -> Metric:
    return _filled(CounterMetricFamily(name, meaning, labels=[label]), counts)


def _filled(
    family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, float]
) -> CounterMetricFamily | GaugeMetricFamily:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
