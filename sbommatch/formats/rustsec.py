"""RustSec's advisory database (github.com/rustsec/advisory-db): Markdown with TOML at its head, one file for each.

    [advisory]
    id = "RUSTSEC-2020-0155"
    package = "acc_reader"
    aliases = ["CVE-2020-36513"]
    [versions]
    patched = [">= 2.1.0"]
    unaffected = ["< 1.0.0"]

What is neither patched nor unaffected is affected. Files of the collection `rust` are of the compiler and its library: a note.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._languages import affected_outside
from sbommatch.problem import Problem, ProblemCode

_HEAD = re.compile(r"\s*```toml\n(?P<toml>.*?)\n```\s*(?:#\s*(?P<title>[^\n]*))?", re.DOTALL)
_RUST = re.compile(r"(?:^|[/ ])rust/")
_TOOLCHAIN = frozenset({"std", "rustc", "rustdoc", "cargo"})


class _Head(Struct, frozen=True):
    id: str
    package: str
    date: str | None = None
    url: str | None = None
    aliases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    cvss: str | None = None
    withdrawn: str | None = None
    informational: str | None = None


class _Versions(Struct, frozen=True):
    patched: tuple[str, ...] = ()
    unaffected: tuple[str, ...] = ()


class _Record(Struct, frozen=True):
    advisory: _Head
    versions: _Versions


class RustsecFormat:
    """The format `rustsec`."""

    name = "rustsec"
    suffixes: tuple[str, ...] = (".md",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one file; a file without a head (a README) is a note."""
        import tomllib

        try:
            found = _HEAD.match(document.decode())
            if found is None:
                yield Problem(ProblemCode.BAD_RECORD, where, "no advisory: it begins with no TOML", loss=False)
                return
            record = msgspec.convert(tomllib.loads(found["toml"]), _Record)
            head = record.advisory
            if _RUST.search(where) and head.package in _TOOLCHAIN:
                yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, where, f"of the toolchain: {head.package}", loss=False)
                return
            affected = affected_outside("cargo", head.package, record.versions.patched, record.versions.unaffected)
        except (UnicodeDecodeError, ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no advisory: {exc}", loss=True)
            return
        names = (head.id, *head.aliases)
        yield Advisory(
            id=head.id,
            feed=context.feed,
            aliases=head.aliases,
            cves=tuple(sorted({name for name in names if name.startswith("CVE-")})),
            related=head.related,
            withdrawn=f"{head.withdrawn}T00:00:00Z" if head.withdrawn else None,
            affected=(affected,),
            severities=(Severity(f"CVSS_V{head.cvss[5]}", head.cvss, context.feed),)
            if (head.cvss or "").startswith("CVSS:") and head.cvss
            else (),
            summary=(f"{head.informational}: " if head.informational else "") + (found["title"] or "").strip(),
            references=(head.url,) if head.url else (),
            published=head.date,
            record_sha256=sha256(document).hexdigest(),
        )
