"""The box of an archive: its recorded changes with what people did about them, and how far each target got.

One SQLite file in the archive's folder. Every step is one transaction, so that a process that is killed leaves the step done or not
begun. The log of changes stays the truth: a box that was lost is filled again from it, with everything unread.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch.archive.change import ArchiveChange, ChangeKind
from sbommatch.archive.notifications.filters import Filter, rank_of
from sbommatch.errors import ArchiveError, UsageError

BOX = "notifications.sqlite"

FORMAT = 1
"""Raised with every change of the tables that an older release cannot read."""

WAIT_S = 30
"""For another process that writes: its transactions are short."""

ID_BEGINNING = re.compile(r"[0-9a-f]{6,64}")
"""Enough of an identifier to name a notification by."""

CHANGE_ID = re.compile(r"[0-9a-f]{8,64}")
"""It becomes the name of a file."""

_TABLES = """
CREATE TABLE notification (
    seq INTEGER PRIMARY KEY, change_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT 'unread', kind TEXT NOT NULL, rank INTEGER,
    is_kev INTEGER NOT NULL, is_fixable INTEGER NOT NULL, change TEXT
);
CREATE TABLE target (key TEXT PRIMARY KEY, since INTEGER NOT NULL, after INTEGER NOT NULL, offered INTEGER, retry_at REAL);
CREATE TABLE log (change_id TEXT NOT NULL);
"""
# `notification.change` is the change as JSON; NULL once it is deleted and every target is past it.
# `target.since`: of what came before, only what was unread then is due to it. `after`: it has everything up to there.
# `offered`: the end of the batch that is under way, so that a repeated one is the same. `log`: the change that was last taken in.


_DUE = """
notification, target WHERE key = :key AND seq > after AND (state = 'unread' OR seq > since) AND change IS NOT NULL
"""


class State(StrEnum):
    """What people did about a notification."""

    UNREAD = "unread"
    READ = "read"
    DELETED = "deleted"


class Notification(Struct, frozen=True):
    """A change, and what people did about it."""

    state: State
    change: ArchiveChange


class Batch(Struct, frozen=True):
    """Changes that go to a target together; the same ones have the same identifier."""

    changes: tuple[ArchiveChange, ...]
    last: int

    @property
    def id(self) -> str:
        """Hexadecimal."""
        return sha256("\n".join(change.change_id for change in self.changes).encode()).hexdigest()[:32]


@contextmanager
def open_box(archive: Path) -> Iterator["Box"]:
    """The box of an archive; an absent one is made.

    Raises ArchiveError where it is damaged or of a newer format, UsageError where it cannot be written.
    """
    path = archive / BOX
    with _failing_clearly(path), closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        _make(connection, path)
        yield Box(connection, path)


@contextmanager
def _failing_clearly(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        if "locked" in str(exc):
            raise ArchiveError(f"{path}: another process is writing it; try again") from exc
        raise UsageError(f"{path}: cannot be written: {exc}; what it held is untouched") from exc
    except (sqlite3.DatabaseError, msgspec.DecodeError) as exc:
        raise ArchiveError(f"{path}: is damaged: {exc}; move it away, and the recorded changes come in again, unread") from exc


def _make(connection: sqlite3.Connection, path: Path) -> None:
    [(number,)] = connection.execute("PRAGMA user_version")
    if number == FORMAT:
        return
    if number > FORMAT:
        raise ArchiveError(f"{path}: written in format {number} by a newer sbommatch; this release reads format {FORMAT}")
    with _transaction(connection):
        [(number,)] = connection.execute("PRAGMA user_version")
        if number == 0:  # nobody else made it meanwhile
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Box:
    """An open box."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def last_change(self) -> str | None:
        """The identifier of the change that was last taken in."""
        rows = self._rows("SELECT change_id FROM log")
        return rows[0][0] if rows else None

    def take_in(self, changes: Iterable[ArchiveChange]) -> Counter[ChangeKind]:
        """Takes in changes of the log, unread, in its order, and says how many of each kind are new; what is there stays as it is."""
        new: Counter[ChangeKind] = Counter()
        last = None
        with _transaction(self._connection):
            for change in changes:
                if not CHANGE_ID.fullmatch(change.change_id):
                    raise ArchiveError(f"{self.path.parent}: a recorded change has the identifier {change.change_id!r}, which is none")
                new[change.kind] += self._insert(change)
                last = change.change_id
            if last is not None:
                self._connection.execute("DELETE FROM log")
                self._connection.execute("INSERT INTO log VALUES (?)", [last])
        return new

    def _insert(self, change: ArchiveChange) -> int:
        """1 where it is new."""
        return self._connection.execute(
            "INSERT OR IGNORE INTO notification (change_id, kind, rank, is_kev, is_fixable, change) VALUES (?, ?, ?, ?, ?, ?)",
            (
                change.change_id, change.kind.value, rank_of(change.severity), change.is_kev, change.fix is not None,
                msgspec.json.encode(change).decode(),
            ),
        ).rowcount  # fmt: skip

    def _rows(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()

    def counts(self) -> dict[State, int]:
        """How many there are of each state."""
        counted = dict(self._rows("SELECT state, count(*) FROM notification GROUP BY state"))
        return {state: counted.get(state.value, 0) for state in State}

    def page(self, filter_: Filter, states: Sequence[State], first: int, limit: int) -> tuple[int, list[Notification]]:
        """How many of these states pass the filter, and so many of them, the newest first. What is past recall is not among them."""
        condition, parameters = filter_.condition()
        names = ", ".join(f"'{state.value}'" for state in states)
        wanted = f"change IS NOT NULL AND state IN ({names}) AND {condition}"
        [(total,)] = self._rows(f"SELECT count(*) FROM notification WHERE {wanted}", parameters)
        rows = self._rows(
            f"SELECT state, change FROM notification WHERE {wanted} ORDER BY seq DESC LIMIT :limit OFFSET :first",
            {**parameters, "limit": limit, "first": first},
        )
        return total, [Notification(State(state), _change(text)) for state, text in rows]

    def mark(self, state: State, names: Sequence[str], filter_: Filter) -> int:
        """Marks those whose identifiers are named, or all that pass the filter where none is, and says how many were marked otherwise.

        Raises UsageError, and marks none, where a name is nobody's or several have it.
        """
        with _transaction(self._connection):
            condition, parameters = filter_.condition()
            if names:
                numbers = ", ".join(str(self._named(name)) for name in names)
                condition, parameters = f"seq IN ({numbers})", {}
            sql = f"UPDATE notification SET state = :state WHERE state <> :state AND change IS NOT NULL AND {condition}"
            marked = self._connection.execute(sql, {**parameters, "state": state.value}).rowcount
            self._purge()
            return marked

    def _named(self, name: str) -> int:
        rows = []
        if ID_BEGINNING.fullmatch(name):
            rows = self._rows("SELECT seq FROM notification WHERE change IS NOT NULL AND change_id GLOB ? LIMIT 2", [f"{name}*"])
        if len(rows) != 1:
            why = "several notifications have" if rows else "no notification has"
            raise UsageError(f"{name}: {why} an identifier that begins so; `sbommatch archive notify ARCHIVE --list` shows them")
        return int(rows[0][0])

    def _purge(self) -> None:
        """Forgets the contents of what is deleted, once nobody is to get it any more; the identifiers stay."""
        self._connection.execute(
            "UPDATE notification SET change = NULL WHERE state = 'deleted' AND change IS NOT NULL "
            "AND seq <= coalesce((SELECT min(after) FROM target), seq)"
        )

    def meet(self, key: str) -> None:
        """A target that is new is due what is unread now, and what comes."""
        sql = "INSERT OR IGNORE INTO target (key, since, after) SELECT ?, coalesce(max(seq), 0), 0 FROM notification"
        self._connection.execute(sql, [key])

    def next_batch(self, key: str, filter_: Filter, limit: int, *, delivered: int | None = None) -> Batch | None:
        """What is due to a target next, at most so many; None: it has everything.

        `delivered` says that it has everything up to there; until that is said the same batch comes again.
        """
        with _transaction(self._connection):
            if delivered is not None:
                self._pass(key, delivered)
            rows = self._due_rows(key, filter_, limit) or self._due_rows(key, filter_, limit, is_anew=True)
            if not rows:  # within the transaction: what another process takes in meanwhile must not be passed over
                self._pass(key, "(SELECT coalesce(max(seq), 0) FROM notification)")
                return None
            batch = Batch(tuple(_change(text) for _, text in rows), rows[-1][0])
            self._connection.execute("UPDATE target SET offered = ? WHERE key = ?", [batch.last, key])
            return batch

    def _due_rows(self, key: str, filter_: Filter, limit: int, *, is_anew: bool = False) -> list[tuple[Any, ...]]:
        """The batch that is under way, or, where a filter that is new takes nothing of it, another."""
        condition, parameters = filter_.condition()
        under_way = "true" if is_anew else "seq <= coalesce(offered, seq)"
        sql = f"SELECT seq, change FROM {_DUE} AND {under_way} AND {condition} ORDER BY seq LIMIT :limit"
        return self._rows(sql, {**parameters, "key": key, "limit": limit})

    def _pass(self, key: str, last: int | str) -> None:
        self._connection.execute(f"UPDATE target SET after = {last}, offered = NULL, retry_at = NULL WHERE key = ?", [key])
        self._purge()

    def delivered(self, key: str, last: int) -> None:
        """A target has everything up to there."""
        with _transaction(self._connection):
            self._pass(key, last)

    def due(self, key: str, filter_: Filter) -> int:
        """How many a target is still to get."""
        condition, parameters = filter_.condition()
        [(count,)] = self._rows(f"SELECT count(*) FROM {_DUE} AND {condition}", {**parameters, "key": key})
        return int(count)

    def postpone(self, key: str, retry_at: float) -> None:
        """A target asked to be left alone until then, in seconds since 1970."""
        self._connection.execute("UPDATE target SET retry_at = ? WHERE key = ?", [retry_at, key])

    def postponed_until(self, key: str) -> float | None:
        """Seconds since 1970."""
        [(retry_at,)] = self._rows("SELECT retry_at FROM target WHERE key = ?", [key])
        return None if retry_at is None else float(retry_at)


def _change(text: str) -> ArchiveChange:
    return msgspec.json.decode(text, type=ArchiveChange)
