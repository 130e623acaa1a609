"""Options and tables of the configuration file that say where notifications go, and which."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from msgspec import Struct, field

from sbommatch.archive.change import ChangeKind
from sbommatch.archive.documents import Label
from sbommatch.cli import base
from sbommatch.cli.archive.options import labels_of, where_option
from sbommatch.errors import NetworkError, UnreadableError, UsageError
from sbommatch.match.model import Level
from sbommatch.match.policy import RANKS, UnknownSeverity

if TYPE_CHECKING:
    from sbommatch.archive.notifications.filters import Filter
    from sbommatch.archive.notifications.targets import Target

SECRET_VARIABLE = "SBOMMATCH_WEBHOOK_SECRET"  # noqa: S105  the name of a variable

F = TypeVar("F", bound=Callable[..., Any])


def _words(names: Sequence[str]) -> click.Choice[str]:
    return click.Choice(list(names))


_FILTERS = (
    where_option,
    base.option(
        "--severity", type=_words([level.value for level in RANKS if level is not Level.NONE]),
        help="Only changes of vulnerabilities of this severity or a higher one.",
    ),
    base.option(
        "--unknown-severity", type=_words([word.value for word in UnknownSeverity]), default=UnknownSeverity.FAIL.value, show_default=True,
        help="Whether a severity that nobody states reaches that of --severity.",
    ),
    base.option("--kev", is_flag=True, help="Only what is known to be exploited."),
    base.option("--fixable", is_flag=True, help="Only what an upgrade fixes."),
    base.option("--kind", multiple=True, type=_words([kind.value for kind in ChangeKind]), help="Only changes of this kind; repeatable."),
)  # fmt: skip

_TARGETS = (
    base.option(
        "--webhook", multiple=True, type=click.UNPROCESSED, metavar="URL",
        help="Send them to this address over the network: JSON by POST, signed (README: Notifications); repeatable.",
    ),
    base.option(
        "--webhook-secret-file", type=click.Path(path_type=Path), metavar="FILE",
        help=f"The secret that messages are signed with; or the variable {SECRET_VARIABLE} holds it.",
    ),
    base.option("--plain-http", is_flag=True, help="Allow webhooks by http:// that are not on this machine."),
    base.option("--offline", is_flag=True, help="Refuse webhooks."),
    base.option(
        "--spool", multiple=True, type=click.UNPROCESSED, metavar="FOLDER",
        help="Write each as a JSON file into this folder, for somebody who takes them away; repeatable.",
    ),
    base.option(
        "--mail", multiple=True, type=click.UNPROCESSED, metavar="FOLDER",
        help="Write them as e-mails into this folder, ready for `sendmail -t`; repeatable.",
    ),
    base.option("--mail-from", metavar="ADDRESS", help="Who the e-mails are from."),
    base.option("--mail-to", multiple=True, metavar="ADDRESS", help="Who the e-mails are for; repeatable."),
)  # fmt: skip


def filter_options(function: F) -> F:
    """Options that say which changes."""
    return reduce(lambda made, option: option(made), reversed(_FILTERS), function)


def target_options(function: F) -> F:
    """Options that say where to."""
    return reduce(lambda made, option: option(made), reversed(_TARGETS), function)


class FilterWords(Struct, kw_only=True):
    """What the filter options say, or a target's table instead of them."""

    where: tuple[Label, ...] = ()
    severity: str | None = None
    unknown_severity: str = UnknownSeverity.FAIL.value
    kev: bool = False
    fixable: bool = False
    kind: tuple[str, ...] = ()

    def filter(self) -> "Filter":
        """The filter that they make."""
        from sbommatch.archive.notifications.filters import Filter

        return Filter(
            labels=self.where,
            severity=Level(self.severity) if self.severity else None,
            is_unknown_enough=self.unknown_severity == UnknownSeverity.FAIL.value,
            only_kev=self.kev,
            only_fixable=self.fixable,
            kinds=tuple(map(ChangeKind, self.kind)),
        )


class TargetWords(Struct, kw_only=True):
    """What the target options say."""

    webhook: tuple[Any, ...] = ()
    webhook_secret_file: Path | None = None
    plain_http: bool = False
    offline: bool = False
    spool: tuple[Any, ...] = ()
    mail: tuple[Any, ...] = ()
    mail_from: str | None = None
    mail_to: tuple[str, ...] = ()


class _Table(Struct, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A target in the configuration file; what it does not say is as the options say."""

    where: tuple[str, ...] | None = None
    severity: Level | None = None
    unknown_severity: UnknownSeverity | None = None
    kev: bool | None = None
    fixable: bool | None = None
    kind: tuple[ChangeKind, ...] | None = None

    def filter(self, default: FilterWords) -> "Filter":
        said = {name: value for name in FilterWords.__struct_fields__ if name != "where" and (value := getattr(self, name)) is not None}
        where = default.where if self.where is None else labels_of("where of a target:", self.where)
        return FilterWords(**{**msgspec.structs.asdict(default), **said, "where": where}).filter()


class _WebhookTable(_Table, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    url: str
    name: str | None = None
    secret_file: str | None = None
    secret_env: str | None = None
    plain_http: bool | None = None


class _SpoolTable(_Table, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    folder: str


class _MailTable(_Table, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    folder: str
    to: tuple[str, ...] = ()
    sender: str | None = field(default=None, name="from")


T = TypeVar("T", bound=_Table)


def _tables(option: str, place: str, given: Sequence[Any], type_: type[T]) -> Iterator[T]:
    """Each target as a table; a text is one that says its `place` only. Raises UsageError."""
    for one in given:
        try:
            yield msgspec.convert({place: one} if isinstance(one, str) else one, type_)
        except msgspec.ValidationError as exc:
            raise UsageError(f"[[{option}]] of the configuration: {exc}") from exc


def targets_of(archive: Path, words: TargetWords, filters: FilterWords) -> "tuple[Target, ...]":
    """The targets that options and configuration name.

    Raises UsageError, UnreadableError for a file without its secret, NetworkError for a webhook that `--offline` forbids.
    """
    called = archive.resolve().name
    found: list[Target] = [*_webhooks(called, words, filters), *_spools(called, words, filters), *_mails(called, words, filters)]
    keys = [target.key for target in found]
    if twice := [target.name for target in found if keys.count(target.key) > 1]:
        raise UsageError(f"{twice[0]}: is named twice")
    return tuple(found)


def _webhooks(archive: str, words: TargetWords, filters: FilterWords) -> "Iterator[Target]":
    from sbommatch.archive.notifications.targets import Webhook, checked_url

    for table in _tables("webhook", "url", words.webhook, _WebhookTable):
        plain_http = words.plain_http if table.plain_http is None else table.plain_http
        yield Webhook(
            archive=archive,
            url=checked_url(table.url, plain_http=plain_http),
            secret=_secret(table, words),
            filter=table.filter(filters),
            title=table.name,
        )
    if words.offline and words.webhook:
        raise NetworkError("webhooks are a network step, and --offline forbids it; --spool FOLDER does without")


def _secret(table: _WebhookTable, words: TargetWords) -> bytes | None:
    """What the table names; else, where it names nothing, what the options do."""
    from sbommatch.archive.notifications.message import SECRET_LIMIT_BYTES, secret_of

    file = Path(table.secret_file) if table.secret_file else None
    if table.secret_env and table.secret_env not in os.environ:
        raise UsageError(f"the variable {table.secret_env}, which should hold a webhook's secret, is not set")
    variable = table.secret_env or SECRET_VARIABLE
    if file is None and not table.secret_env:
        file = words.webhook_secret_file
    if file is None:
        return secret_of(os.environb[variable.encode()], variable) if variable in os.environ else None
    try:
        with file.open("rb") as stream:
            return secret_of(stream.read(SECRET_LIMIT_BYTES * 2), str(file))
    except OSError as exc:
        raise UnreadableError(f"{file}: the secret of a webhook cannot be read: {exc.strerror}") from exc


def _spools(archive: str, words: TargetWords, filters: FilterWords) -> "Iterator[Target]":
    from sbommatch.archive.notifications.targets import Spool

    for table in _tables("spool", "folder", words.spool, _SpoolTable):
        yield Spool(archive=archive, folder=Path(table.folder), filter=table.filter(filters))


def _mails(archive: str, words: TargetWords, filters: FilterWords) -> "Iterator[Target]":
    from sbommatch.archive.notifications.mail import checked_address
    from sbommatch.archive.notifications.targets import MailFolder

    for table in _tables("mail", "folder", words.mail, _MailTable):
        sender, to = table.sender or words.mail_from, table.to or words.mail_to
        if not sender or not to:
            raise UsageError(f"--mail {table.folder}: say who the e-mails are from and for: --mail-from ADDRESS --mail-to ADDRESS")
        yield MailFolder(
            archive=archive,
            folder=Path(table.folder),
            sender=checked_address(sender),
            to=tuple(map(checked_address, to)),
            filter=table.filter(filters),
        )
