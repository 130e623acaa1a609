"""Changes as an e-mail for people (RFC 5322), ready to be handed to a mail server.

Names of packages and documents come from strangers: what would act on a header, a mail reader or a terminal is made visible instead.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from sbommatch.archive.change import ArchiveChange, ChangeKind
from sbommatch.archive.notifications.box import Batch
from sbommatch.archive.notifications.filters import rank_of
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted, printable, shortened

SUBJECT_WIDTH = 120
"""Characters; what is longer is cut by most readers anyway."""
LINE_WIDTH = 300
"""Characters: a name that is longer tells nobody more."""
SUBJECTS_SHOWN = 20
"""Documents that are named with one vulnerability of one package; there may be thousands."""

KIND_WORDS = {
    ChangeKind.AFFECTED: "newly affected",
    ChangeKind.RESOLVED: "resolved",
    ChangeKind.FIX_CHANGED: "fix changed",
    ChangeKind.SEVERITY_CHANGED: "severity changed",
    ChangeKind.KEV: "now known to be exploited",
}


def mail(archive: str, batch: Batch, sender: str, to: Sequence[str]) -> bytes:
    """The same batch gives the same message, Message-ID and all, so that a repeated one is known by it."""
    from email.message import EmailMessage
    from email.policy import SMTP

    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    subject = _line(f"sbommatch: {_summary(batch.changes)}", SUBJECT_WIDTH)
    message["Subject"] = subject.replace("=?", "= ?")  # `email` decodes encoded words of the text, line ends and all
    message["Date"] = _moment(batch.changes[-1].at)
    message["Message-ID"] = f"<{batch.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers it
    lines = [f"Archive {archive}: {counted(len(batch.changes), 'change')}", *_body(batch.changes)]
    message.set_content("".join(f"{_line(line, LINE_WIDTH)}\n" for line in lines))
    return message.as_bytes()


def _line(text: str, width: int) -> str:
    """The beginning is cut off first: a name of a megabyte is not looked at to its end."""
    return shortened(printable(text[: width + 1]), width)


def _moment(at: str) -> datetime:
    try:
        return datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _summary(changes: Sequence[ArchiveChange]) -> str:
    """As in `CVE-2024-34064, … in shop/web 1.4 and 3 more: 2 newly affected, 1 resolved`; the worst is the one that is named."""
    changes = sorted(changes, key=_badness)
    kinds = Counter(change.kind for change in changes)
    said = ", ".join(f"{kinds[kind]} {words}" for kind, words in KIND_WORDS.items() if kinds[kind])
    ids = list(dict.fromkeys(change.id for change in changes))
    subjects = list(dict.fromkeys(change.subject for change in changes))
    where = shortened(subjects[0], 40) + (f" and {len(subjects) - 1} more" if len(subjects) > 1 else "")
    return f"{shortened(ids[0], 40)}{', …' if len(ids) > 1 else ''} in {where}: {said}"


def _body(changes: Sequence[ArchiveChange]) -> Iterator[str]:
    """What happened to which package by which vulnerability, the worst first, with the documents that it concerns."""
    order = list(ChangeKind)
    ordered = sorted(changes, key=lambda one: (order.index(one.kind), _badness(one), _what(one)))
    for kind, of_kind in groupby(ordered, lambda one: one.kind):
        yield ""
        yield KIND_WORDS[kind].capitalize()
        for what, alike in groupby(of_kind, _what):
            yield f"  {what}"
            subjects = list(dict.fromkeys(_subject(change) for change in alike))
            yield from (f"    {subject}" for subject in subjects[:SUBJECTS_SHOWN])
            if len(subjects) > SUBJECTS_SHOWN:
                yield f"    and {counted(len(subjects) - SUBJECTS_SHOWN, 'document')} more"


def _badness(change: ArchiveChange) -> int:
    """The worst first; of what nobody knows, last."""
    return -(rank_of(change.severity) or 0)


def _what(change: ArchiveChange) -> str:
    """As in `CVE-2024-34064, medium: Jinja2 2.10, fixed in 3.1.4 (feed: GHSA-h75v-3vvj-5mfj is new)`."""
    severity = change.severity or "unknown severity"
    package = " ".join(filter(None, (shortened(change.package, 60), shortened(change.version or "", 40))))
    parts = [package, f"fixed in {shortened(change.fix, 40)}" if change.fix else "", "known to be exploited" if change.is_kev else ""]
    return f"{change.id}, {severity}: {', '.join(filter(None, parts))} ({change.because.what}: {change.because.detail})"


def _subject(change: ArchiveChange) -> str:
    labels = " ".join(f"{name}={value}" for name, value in sorted(change.labels.items()))
    return f"{shortened(change.subject, 120)}{f' ({labels})' if labels else ''}, document {change.document[:12]}"


def checked_address(text: str) -> str:
    """`NAME <ADDRESS>` or an address, as a header takes it. Raises UsageError.

    >>> checked_address("Security <security@example.com>")
    'Security <security@example.com>'
    """
    from email.errors import MessageError
    from email.headerregistry import Address
    from email.utils import getaddresses

    addresses = getaddresses([text] if text.isprintable() else [])
    try:
        found = Address(addresses[0][0], addr_spec=addresses[0][1]) if len(addresses) == 1 else Address()
    except (ValueError, IndexError, MessageError):
        found = Address()
    if not found.username or not found.domain:
        raise UsageError(f"{printable(text)}: no address as in security@example.com, or Security <security@example.com>")
    return str(found)
