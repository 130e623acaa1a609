"""E-mails: what strangers wrote acts on no header, and people read the worst first."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbommatch.archive.change import ChangeKind
from sbommatch.archive.notifications.box import Batch
from sbommatch.archive.notifications.mail import LINE_WIDTH, checked_address, mail
from sbommatch.errors import UsageError
from tests.sbommatch.archive.notifications.changes import change

FROM, TO = "Söc <soc@example.com>", ("a@example.com", "B <b@example.com>")


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_batch_is_one_message_the_worst_first() -> None:
    changes = (
        change(1, severity="low"),
        change(2, severity="critical", is_kev=True, id="CVE-2", subject="shop/api 2"),
        change(3, severity="low", subject="shop/db 3"),
        change(4, kind=ChangeKind.RESOLVED),
    )
    content = mail("sboms", Batch(changes, 4), FROM, TO)
    message = parsed(content)
    assert message["Subject"] == "sbommatch: CVE-2, … in shop/api 2 and 2 more: 3 newly affected, 1 resolved"
    assert [str(address) for address in message["To"].addresses] == ["a@example.com", "B <b@example.com>"]
    assert message["Date"].datetime.isoformat() == "2026-08-21T06:00:00+00:00"
    assert message["Auto-Submitted"] == "auto-generated"
    lines = message.get_content().splitlines()
    assert lines[:3] == ["Archive sboms: 4 changes", "", "Newly affected"]
    assert lines[3].startswith("  CVE-2, critical: Jinja2 2.10, fixed in 3.1.4, known to be exploited (feed: ")
    assert lines[5:8] == [
        "  CVE-2024-34064, low: Jinja2 2.10, fixed in 3.1.4 (feed: osv-pypi: GHSA-h75v-3vvj-5mfj is new)",
        "    shop/web 1.4 (team=web), document dddddddddddd",
        "    shop/db 3 (team=web), document dddddddddddd",
    ]
    assert lines[9] == "Resolved"
    assert mail("sboms", Batch(changes, 4), FROM, TO) == content
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_documents_beyond_some_are_counted() -> None:
    content = mail("sboms", Batch(tuple(change(number, subject=f"s{number}") for number in range(30)), 30), FROM, TO)
    assert "and 10 documents more" in parsed(content).get_content()


HOSTILE = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    ["x\r\nBcc: all@example.com", "\n\nbody", "\x1b[31m", "\u202egnp.exe", "\udce9", "=?utf-8?q?=0ABcc:_x?=", "a" * 100_000]
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_names_of_strangers_make_no_header_and_no_line(package: str, subject: str, id_: str) -> None:
    change_ = change(1, package=package, subject=subject, id=id_, version=subject, labels={package: id_})
    message = parsed(mail("sboms", Batch((change_,), 1), FROM, TO))
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    )
    assert [str(address) for address in message["To"].addresses] == ["a@example.com", "B <b@example.com>"]
    assert message["Subject"].strip().startswith("sbommatch: ")
    lines = message.get_content().replace("\r\n", "\n").split("\n")
    assert len(lines) == 6
    assert all(line.isprintable() and len(line) <= LINE_WIDTH for line in lines)


@pytest.mark.parametrize(
    "text", ["", "nobody", "a@b\r\nBcc: c@d", "a@", "@b", "a@b@c", "x <>", "é@example.com", "a@b, c@d", "Ops, Team <a@b>"]
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        checked_address(text)


def test_addresses_may_have_names() -> None:
    assert checked_address("a@b.example") == "a@b.example"
    assert checked_address('"Ops, Team" <a@b.example>') == '"Ops, Team" <a@b.example>'
