"""Deliveries: at least once, in order, however the targets behave."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from msgspec import Struct

from sbommatch.archive.notifications import delivery
from sbommatch.archive.notifications.box import Batch, Box, open_box
from sbommatch.archive.notifications.delivery import POSTPONE_LIMIT_S, Delivery, Outcome, Pace
from sbommatch.archive.notifications.filters import Filter
from sbommatch.archive.notifications.targets import MailFolder, Spool, Webhook
from sbommatch.errors import UsageError
from tests.sbommatch.archive.notifications.changes import change, ids
from tests.support.webhooks import CUT, DRIP, SILENCE, Answer, FakeWebhook, numbers

QUICK = Pace(attempts=4, first_pause_s=0.001, longest_pause_s=0.05, answer_s=5)
IMPATIENT = Pace(attempts=4, first_pause_s=0.001, longest_pause_s=0.05, answer_s=0.3)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with open_box(tmp_path) as opened:
        opened.take_in([change(number) for number in range(5)])
        yield opened


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWebhook]:
    monkeypatch.setattr(delivery, "BATCH_CHANGES", 2)
    with FakeWebhook() as made:
        yield made


def webhook(fake: FakeWebhook, **fields: object) -> Webhook:
    return msgspec.structs.replace(Webhook(archive="A", url=fake.url, secret=b"s" * 32), **fields)


def deliver(box: Box, *targets: "Webhook | Spool | MailFolder", pace: Pace = QUICK) -> list[Outcome]:
    return Delivery(pace).run(box, targets)


def test_everything_arrives_once_and_in_order(box: Box, fake: FakeWebhook) -> None:
    [outcome] = deliver(box, webhook(fake))
    assert (outcome.delivered, outcome.due, outcome.error) == (5, 0, None)
    assert numbers(fake.taken) == [[0, 1], [2, 3], [4]]
    assert [outcome.delivered for outcome in deliver(box, webhook(fake))] == [0]
    assert len(fake.came) == 3


def test_each_target_gets_what_passes_its_filter(box: Box, fake: FakeWebhook, tmp_path: Path) -> None:
    box.take_in([change(9, is_kev=True)])
    (tmp_path / "spool").mkdir()
    (tmp_path / "mail").mkdir()
    outcomes = deliver(
        box,
        webhook(fake, filter=Filter(only_kev=True)),
        Spool(archive="A", folder=tmp_path / "spool"),
        MailFolder(archive="A", folder=tmp_path / "mail", sender="a@b", to=("c@d",), filter=Filter(only_kev=True)),
    )
    assert [(outcome.delivered, outcome.due) for outcome in outcomes] == [(1, 0), (6, 0), (1, 0)]
    assert fake.changes() == [9]
    assert len(list((tmp_path / "spool").iterdir())) == 6
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1


def test_a_fault_that_passes_is_waited_out(box: Box, fake: FakeWebhook) -> None:
    fake.answers = [503, CUT, Answer(429, {"Retry-After": "0"}), 204, 500]
    [outcome] = deliver(box, webhook(fake))
    assert (outcome.delivered, outcome.error) == (5, None)
    assert numbers(fake.came) == [[0, 1], [0, 1], [0, 1], [0, 1], [2, 3], [2, 3], [4]]
    assert len({message.headers["webhook-id"] for message in fake.came[:4]}) == 1  # what was taken twice is known by it
    assert len({message.headers["webhook-id"] for message in fake.came}) == 3


def test_an_hour_of_errors_loses_nothing(box: Box, fake: FakeWebhook) -> None:
    """Sixty rounds of a watch, a minute each; new changes come meanwhile."""
    fake.otherwise = 500
    for minute in range(60):
        box.take_in([change(minute + 5)])
        [outcome] = deliver(box, webhook(fake), pace=msgspec.structs.replace(QUICK, attempts=2))
        assert outcome.delivered == 0
        assert outcome.due == minute + 6
        assert outcome.error
        assert "answers 500, 2 times" in str(outcome.error)
        assert outcome.error.exit_code == 7
    assert len(fake.came) == 60 * 2
    fake.otherwise = 204
    assert [outcome.delivered for outcome in deliver(box, webhook(fake))] == [65]
    assert fake.changes() == list(range(65))


@pytest.mark.parametrize("fault", [SILENCE, DRIP])
def test_who_never_answers_holds_nobody_up(box: Box, fake: FakeWebhook, fault: Answer) -> None:
    """Neither this run beyond its patience, nor the other target, nor the next run; and gets everything in the end."""
    fake.otherwise = fault
    runs = Delivery(IMPATIENT)
    with FakeWebhook() as other:
        begun = time.monotonic()
        mute, well = runs.run(box, (webhook(fake), webhook(other)))
        assert time.monotonic() - begun < 3
        assert other.changes() == [0, 1, 2, 3, 4]
    assert well.error is None
    assert "no answer within 0 seconds" in str(mute.error)
    assert mute.due == 5
    [again] = runs.run(box, (webhook(fake),))
    assert "has not answered the last message yet" in str(again.error)
    assert len(fake.came) == 1  # no second connection while the first one hangs
    fake.otherwise = 204
    assert [outcome.delivered for outcome in deliver(box, webhook(fake))] == [5]
    assert fake.changes() == [0, 1, 2, 3, 4]


def test_who_asks_to_be_left_alone_is_left_alone(box: Box, fake: FakeWebhook) -> None:
    fake.answers = [Answer(429, {"Retry-After": "3600"})]
    assert "asks to be left alone for 3600 seconds" in str(deliver(box, webhook(fake))[0].error)
    assert "asked to be left alone for another 3" in str(deliver(box, webhook(fake))[0].error)
    assert len(fake.came) == 1
    box.postpone(webhook(fake).key, time.time() - 1)
    assert deliver(box, webhook(fake))[0].delivered == 5


def test_a_clock_that_goes_back_silences_nobody(box: Box, fake: FakeWebhook) -> None:
    fake.answers = [Answer(429, {"Retry-After": "99999999999"})]
    deliver(box, webhook(fake))
    until = box.postponed_until(webhook(fake).key)
    assert until
    assert until - time.time() <= POSTPONE_LIMIT_S
    box.postpone(webhook(fake).key, time.time() + 10 * 365 * POSTPONE_LIMIT_S)  # written by a clock that was years ahead
    assert deliver(box, webhook(fake))[0].delivered == 5


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_a_refusal_is_not_repeated_in_a_run_and_stays_due(box: Box, fake: FakeWebhook, status: int) -> None:
    fake.answers = [status]
    [outcome] = deliver(box, webhook(fake))
    assert (outcome.delivered, outcome.due, len(fake.came)) == (0, 5, 1)
    assert f"answers {status}" in str(outcome.error)
    assert deliver(box, webhook(fake))[0].delivered == 5


def test_a_message_that_is_too_large_is_halved(box: Box, fake: FakeWebhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BATCH_CHANGES", 5)
    fake.answers = [413, 413]
    assert deliver(box, webhook(fake))[0].delivered == 5
    assert numbers(fake.came) == [[0, 1, 2, 3, 4], [0, 1], [0], [1], [2], [3], [4]]
    box.take_in([change(9)])
    fake.answers = [413]
    assert "answers 413" in str(deliver(box, webhook(fake))[0].error)


def test_a_run_begins_no_batch_after_its_time(box: Box, fake: FakeWebhook) -> None:
    [outcome] = deliver(box, webhook(fake), pace=msgspec.structs.replace(QUICK, run_s=0.0))
    assert (outcome.delivered, outcome.due, outcome.error) == (0, 5, None)


def test_a_full_disk_stops_its_target_alone(box: Box, fake: FakeWebhook, tmp_path: Path) -> None:
    spool, hook = deliver(box, Spool(archive="A", folder=tmp_path / "none"), webhook(fake))
    assert isinstance(spool.error, UsageError)
    assert spool.due == 5
    assert hook.error is None
    (tmp_path / "none").mkdir()
    assert deliver(box, Spool(archive="A", folder=tmp_path / "none"))[0].delivered == 5


class Stubborn(Struct, frozen=True):
    """A target that takes a batch and is killed before it can say so."""

    is_network: ClassVar[bool] = False
    name: str = "stubborn"
    key: str = "stubborn"
    filter: Filter = Filter()

    def send(self, batch: Batch) -> None:
        print(batch.id, *ids(batch.changes), flush=True)
        signal.raise_signal(signal.SIGKILL)


KILLED = """
import sys
from pathlib import Path
from sbommatch.archive.notifications.box import open_box
from sbommatch.archive.notifications.delivery import Delivery
from tests.sbommatch.archive.notifications.test_delivery import Stubborn
with open_box(Path(sys.argv[1])) as box:
    Delivery().run(box, [Stubborn()])
"""


def test_who_is_killed_between_delivery_and_mark_delivers_the_same_again(box: Box, tmp_path: Path) -> None:
    said = []
    for number in range(3):
        ran = subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True, text=True)
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        said.append(ran.stdout)
        box.take_in([change(100 + number)])
    assert len(set(said)) == 1
    assert said[0].split()[1:] == ["0", "1", "2", "3", "4"]
