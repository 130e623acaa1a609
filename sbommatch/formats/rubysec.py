"""Ruby's advisory database (github.com/rubysec/ruby-advisory-db): one YAML file for each gem and vulnerability.

    gem: actionpack
    cve: 2014-0130
    patched_versions: [">= 4.1.1", "~> 4.0.5"]
    unaffected_versions: ["< 2.0"]

What is neither patched nor unaffected is affected. Files under `rubies/` are of interpreters (`engine: ruby`), which no gem is: a note.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePosixPath

from msgspec import Struct, field

from sbommatch.advisory import Advisory
from sbommatch.formats import _yaml
from sbommatch.formats._format import FeedContext
from sbommatch.formats._languages import Unusable, affected_outside, severity_of_score
from sbommatch.problem import Problem, ProblemCode


class _Related(Struct, frozen=True):
    cve: tuple[str | None, ...] | None = None
    ghsa: tuple[str | None, ...] | None = None


class _Record(Struct, frozen=True):
    gem: str | None = None
    engine: str | None = None
    library: str | None = None
    cve: str | None = None
    ghsa: str | None = None
    osvdb: str | None = None
    url: str | None = None
    title: str | None = None
    date: str | None = None
    cvss_v2: str | None = None
    cvss_v3: str | None = None
    cvss_v4: str | None = None
    patched_versions: tuple[str, ...] | None = None
    unaffected_versions: tuple[str, ...] | None = None
    related: _Related | None = field(default=None)


class RubysecFormat:
    """The format `rubysec`."""

    name = "rubysec"
    suffixes: tuple[str, ...] = (".yml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one file."""
        try:
            record = _yaml.decode(document, _Record)
            if record.gem is None:
                what = f"of {record.engine or record.library}" if record.engine or record.library else "no advisory of a gem"
                yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, where, what, loss=not (record.engine or record.library))
                return
            affected = affected_outside("gem", record.gem, record.patched_versions or (), record.unaffected_versions or ())
        except (_yaml.InvalidYaml, Unusable) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no advisory: {exc}", loss=True)
            return
        names = list(_names(record)) or [f"{record.gem}/{PurePosixPath(where.rpartition(': ')[2]).stem}"]
        yield Advisory(
            id=names[0],
            feed=context.feed,
            aliases=tuple(names[1:]),
            cves=tuple(name for name in names if name.startswith("CVE-")),
            related=tuple(f"CVE-{name.removeprefix('CVE-')}" for name in (record.related and record.related.cve) or () if name),
            affected=(affected,),
            severities=tuple(severity_of_score(score, context.feed) for score in _scores(record)),
            summary=record.title or "",
            references=(record.url,) if record.url else (),
            published=record.date,
            record_sha256=sha256(document).hexdigest(),
        )


def _names(record: _Record) -> Iterator[str]:
    if record.cve:
        yield f"CVE-{record.cve}"
    if record.ghsa:
        yield f"GHSA-{record.ghsa}"
    if record.osvdb:
        yield f"OSVDB-{record.osvdb}"


def _scores(record: _Record) -> Iterator[float]:
    """The newest that is stated; vectors are not."""
    for text in (record.cvss_v4, record.cvss_v3, record.cvss_v2):
        if text and text.replace(".", "", 1).isdigit():
            yield float(text)
            return
