"""What a watch counts, and the metrics that say it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sbommatch.archive.metrics import Metric
from sbommatch.archive.notifications.box import State


class Tally:
    """What was counted since the process began."""

    def __init__(self) -> None:
        self.rounds = 0
        self.round_s = 0.0
        self.last_round_at = 0.0
        self.last_success_at = 0.0
        self.errors: Counter[str] = Counter(dict.fromkeys(("update", "changes", "notify"), 0))
        self.changes: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.due: dict[str, int] = {}
        self.states: dict[State, int] = {}

    def metrics(self, captured: Mapping[str, datetime | None]) -> list[Metric]:
        """All of it, and how old the feeds are."""
        ages = {feed: moment.timestamp() for feed, moment in captured.items() if moment}
        return [
            _metric("rounds_total", "Rounds since the start.", self.rounds),
            _metric("last_round_timestamp_seconds", "When the last round ended.", self.last_round_at),
            _metric("last_success_timestamp_seconds", "When the last round without an error ended; 0: none did.", self.last_success_at),
            _metric("round_seconds", "How long the last round took.", self.round_s),
            _by("errors_total", "Errors since the start.", "step", self.errors),
            _by("changes_total", "Changes recorded since the start.", "kind", self.changes),
            _by("delivered_total", "Changes delivered since the start.", "target", self.delivered),
            _by("delivery_failures_total", "Runs that left changes undelivered since the start.", "target", self.failed),
            _by("due", "Changes that are still to be delivered.", "target", self.due),
            _by("notifications", "Notifications.", "state", {state.value: count for state, count in self.states.items()}),
            _by("feed_captured_timestamp_seconds", "When the newest snapshot of a feed was captured.", "feed", ages),
        ]


def _metric(name: str, help_: str, value: float) -> Metric:
    return Metric(name=name, kind=_kind(name), help=help_, samples=(({}, value),))


def _by(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    return Metric(name=name, kind=_kind(name), help=help_, samples=tuple(({label: key}, value) for key, value in sorted(values.items())))


def _kind(name: str) -> str:
    return "counter" if name.endswith("_total") else "gauge"
