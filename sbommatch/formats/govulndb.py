"""Go's vulnerability reports as their authors write them (go.googlesource.com/vulndb, `data/reports/GO-….yaml`).

    id: GO-2026-6248
    modules:
        - module: gitlab.com/uniget-org/cli
          versions: [{introduced: 0.1.0}, {fixed: 0.27.6}]

`std` is the standard library, `cmd` the toolchain. What lies before the first `fixed` is affected from the beginning. Reports that are
excluded (`NOT_GO_CODE`) are notes. The feed that Go publishes is OSV; this is for those who read the repository.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct, field

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range
from sbommatch.ecosystems import LANGUAGE_BY_PURL_TYPE
from sbommatch.formats import _yaml
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

STANDARD = {"std": "stdlib", "cmd": "toolchain"}
_KINDS = {"introduced": EventKind.INTRODUCED, "fixed": EventKind.FIXED}


class _Module(Struct, frozen=True):
    module: str | None = None
    versions: tuple[dict[str, str | None], ...] | None = None


class _Reference(Struct, frozen=True):
    advisory: str | None = None
    web: str | None = None
    fix: str | None = None
    report: str | None = None


class _Record(Struct, frozen=True):
    id: str
    modules: tuple[_Module, ...] | None = None
    excluded: str | None = None
    summary: str | None = None
    cves: tuple[str, ...] | None = None
    ghsas: tuple[str, ...] | None = None
    related: tuple[str, ...] | None = None
    withdrawn: str | None = None
    published: str | None = None
    references: tuple[_Reference, ...] | None = None
    cve_metadata: dict[str, object] | None = field(default=None)


class GovulndbFormat:
    """The format `govulndb`."""

    name = "govulndb"
    suffixes: tuple[str, ...] = (".yaml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one report."""
        try:
            record = _yaml.decode(document, _Record)
        except _yaml.InvalidYaml as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no report: {exc}", loss=True)
            return
        if record.excluded:
            yield Problem(ProblemCode.NO_PACKAGES, where, f"{record.id} is excluded: {record.excluded}", loss=False)
            return
        assigned = (record.cve_metadata or {}).get("id")
        cves = (*(record.cves or ()), *((assigned,) if isinstance(assigned, str) else ()))
        yield Advisory(
            id=record.id,
            feed=context.feed,
            aliases=(*cves, *(record.ghsas or ())),
            cves=tuple(sorted(set(cves))),
            related=record.related or (),
            withdrawn=record.withdrawn,
            affected=tuple(_affected(module) for module in record.modules or () if module.module),
            summary=" ".join((record.summary or "").split()),
            references=tuple(url for one in record.references or () for url in (one.advisory, one.fix, one.report, one.web) if url),
            published=record.published,
            record_sha256=sha256(document).hexdigest(),
        )


def _affected(module: _Module) -> Affected:
    golang = LANGUAGE_BY_PURL_TYPE["golang"]
    name = STANDARD.get(module.module or "", module.module or "")
    return Affected(
        namespace=golang.purl_type,
        name=golang.normalise(name),
        name_kind=NameKind.SELF,
        scheme=golang.scheme,
        ranges=(_range(module.versions or ()),),
    )


def _range(versions: Sequence[dict[str, str | None]]) -> Range:
    events = [Event(_KINDS[key], value) for entry in versions for key, value in entry.items() if key in _KINDS and value]
    if not events or events[0].kind is EventKind.FIXED:
        events.insert(0, Event(EventKind.INTRODUCED, "0"))
    signs = {EventKind.INTRODUCED: ">=", EventKind.FIXED: "<"}
    return Range("go", tuple(events), ",".join(f"{signs[event.kind]}{event.version}" for event in events))
