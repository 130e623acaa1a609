"""`sbommatch archive notify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sbommatch.archive.lock import NOTIFY_LOCK, held
from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, output_option
from sbommatch.cli.archive.targets import FilterWords, TargetWords, filter_options, target_options, targets_of
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted, shortened, table_lines

if TYPE_CHECKING:
    from sbommatch.archive.notifications.box import Box, Notification, State
    from sbommatch.archive.notifications.filters import Filter
    from sbommatch.archive.notifications.targets import Target

LIST_SCHEMA = "sbommatch.notifications/1"

ALL = "all"
ID_WIDTH = 12
"""Characters of an identifier that people compare, and can name a notification by."""
CELL_WIDTH = 40
"""Characters of a name in the table."""

STATES = ("unread", "read", "deleted")


@base.command("notify")
@archive_argument
@target_options
@filter_options
@base.option("--list", "listing", is_flag=True, help="List notifications, the newest first, instead of delivering any.")
@base.option("--state", type=click.Choice([*STATES, ALL]), help="Those to list.  [default: unread and read]")
@base.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which page of the list.")
@base.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Notifications on a page.")
@output_option
@base.option("--read", multiple=True, metavar="ID", help="Mark as read: an ID, its beginning, or `all` that pass the filters; repeatable.")
@base.option("--unread", multiple=True, metavar="ID", help="Mark as unread.")
@base.option("--delete", multiple=True, metavar="ID", help="Mark as deleted; forgotten once every target has it.")
@base.quiet_option
def notify(archive: Path, **chosen: Any) -> None:
    """Bring recorded changes to people: webhooks, folders, or a list.

    What `archive changes` and `archive watch` recorded is taken in, and everything that a target has not had yet is delivered to it:
    at least once, in order, those that pass the filters. What cannot be delivered stays due for the next run, and the exit code says
    so: 7 for webhooks, the one step here that uses the network, 2 for folders. A target that is new gets what is unread.

    With --list, --read, --unread or --delete nothing is delivered. Targets with filters of their own stand in the configuration file.
    """
    from sbommatch.archive.notifications.box import open_box

    filters = msgspec.convert({name: chosen[name] for name in FilterWords.__struct_fields__}, FilterWords)
    words = TargetWords(**{name: chosen[name] for name in TargetWords.__struct_fields__})
    marks = {state: names for state, option in zip(STATES, ("unread", "read", "delete"), strict=True) if (names := chosen[option])}
    if len(marks) + chosen["listing"] > 1:
        raise UsageError("--list, --read, --unread and --delete exclude each other")
    quiet: bool = chosen["quiet"]
    targets = () if marks or chosen["listing"] else targets_of(archive, words, filters)
    new = _take_in(archive)
    with open_box(archive) as box:
        if chosen["listing"]:
            _list(box, filters.filter(), chosen)
        elif marks:
            _mark(box, filters.filter(), marks, quiet=quiet)
        else:
            base.finish(_deliver(box, archive, targets, new, quiet=quiet))


def _take_in(archive: Path) -> int:
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.notifications.box import open_box
    from sbommatch.archive.notifications.intake import take_in

    with open_archive(archive) as opened, open_box(archive) as box:
        return take_in(opened, box).total()


def _deliver(box: "Box", archive: Path, targets: "Sequence[Target]", new: int, *, quiet: bool) -> list[int]:
    """The exit codes of what was not delivered."""
    from sbommatch.archive.notifications.box import State
    from sbommatch.archive.notifications.delivery import Delivery

    if not quiet:
        hint = "" if targets else "; no target is named: --webhook, --spool, --mail, or --list shows them"
        base.say(f"{archive}: {counted(new, 'new notification')}, {box.counts()[State.UNREAD]} unread{hint}")
    if not targets:
        return []
    announce(targets, quiet=quiet)
    with held(archive, NOTIFY_LOCK, "delivering its notifications"):
        outcomes = Delivery().run(box, targets)
    for outcome in outcomes:
        if not quiet:
            said = f"{outcome.delivered} delivered{f', {outcome.due} due' if outcome.due else ''}"
            base.say(f"{outcome.target}: {said if outcome.delivered or outcome.due else 'nothing due'}")
        if outcome.error:
            base.warn(str(outcome.error))
    return [outcome.error.exit_code for outcome in outcomes if outcome.error]


def announce(targets: "Sequence[Target]", *, quiet: bool) -> None:
    """Says what goes over the network, before it does, and what is not signed."""
    from sbommatch.archive.notifications.targets import Webhook

    for target in targets:
        if isinstance(target, Webhook) and not quiet:
            unsigned = "" if target.secret else ", unsigned: --webhook-secret-file names a secret"
            base.say(f"{target.name}: over the network{unsigned}")


def _mark(box: "Box", filter_: "Filter", marks: dict[str, tuple[str, ...]], *, quiet: bool) -> None:
    from sbommatch.archive.notifications.box import State

    [(state, names)] = marks.items()
    if ALL in names and len(names) > 1:
        raise UsageError(f"`{ALL}` stands alone")
    marked = box.mark(State(state), () if names == (ALL,) else names, filter_)
    if not quiet:
        base.say(f"{counted(marked, 'notification')} marked as {state}")


def _states(word: str | None) -> "tuple[State, ...]":
    from sbommatch.archive.notifications.box import State

    if word is None:
        return (State.UNREAD, State.READ)
    return tuple(State) if word == ALL else (State(word),)


def _list(box: "Box", filter_: "Filter", chosen: dict[str, Any]) -> None:
    page, limit = chosen["page"], chosen["limit"]
    first = (page - 1) * limit
    total, found = box.page(filter_, _states(chosen["state"]), first, limit)
    if chosen["output"] == "json":
        shape = {"schema": LIST_SCHEMA, "page": page, "limit": limit, "total": total, "counts": box.counts(), "notifications": found}
        base.emit(msgspec.json.encode(shape) + b"\n", None)
        return
    header = ("ID", "STATE", "FOUND", "CHANGE", "SEVERITY", "VULNERABILITY", "PACKAGE", "FIXED IN", "IN", "BECAUSE")
    base.emit("".join(f"{line}\n" for line in table_lines([header, *map(_row, found)], base.terminal_columns())).encode(), None)
    if not chosen["quiet"] and total > len(found):
        shown = f"{first + 1} to {first + len(found)}" if found else "none"
        base.say(f"{shown} of {total}; --page {page + 1} shows more" if first + len(found) < total else f"{shown} of {total}")


def _row(one: "Notification") -> tuple[str, ...]:
    change = one.change
    cells = (
        change.id,
        " ".join(filter(None, (change.package, change.version))),
        change.fix or "",
        change.subject,
        f"{change.because.what}: {change.because.detail}",
    )
    severity = f"{change.severity or 'unknown'}{', KEV' if change.is_kev else ''}"
    return (
        change.change_id[:ID_WIDTH], one.state.value, change.at[:16].replace("T", " "), change.kind.value.replace("_", " "), severity,
        *(shortened(cell, CELL_WIDTH) for cell in cells),
    )  # fmt: skip
