"""How the house fares, as numbers for Prometheus. Pure."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.insight.vitals import Vitals


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


def _counter(name: str, meaning: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, meaning, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
