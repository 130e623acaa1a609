"""PHP security advisories (github.com/FriendsOfPHP/security-advisories): one YAML file for each, with a range for each branch.

    reference: composer://symfony/symfony
    cve: CVE-2024-50342
    branches: {"5.4.x": {time: 2024-11-06, versions: [">=4.3.0", "<5.4.46"]}, …}

The versions of a branch hold together. A record without a CVE is named by its package and file.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePosixPath

from msgspec import Struct

from sbommatch.advisory import Advisory
from sbommatch.formats import _yaml
from sbommatch.formats._format import FeedContext
from sbommatch.formats._languages import Unusable, affected_in
from sbommatch.problem import Problem, ProblemCode

SCHEME = "composer://"


class _Branch(Struct, frozen=True):
    versions: tuple[str, ...]
    time: str | None = None


class _Record(Struct, frozen=True):
    reference: str
    branches: dict[str, _Branch]
    title: str | None = None
    link: str | None = None
    cve: str | None = None


class FriendsOfPhpFormat:
    """The format `friendsofphp`."""

    name = "friendsofphp"
    suffixes: tuple[str, ...] = (".yaml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one file."""
        try:
            record = _yaml.decode(document, _Record)
            package = record.reference.removeprefix(SCHEME)
            affected = affected_in("composer", package, [",".join(branch.versions) for branch in record.branches.values()])
        except (_yaml.InvalidYaml, Unusable) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no advisory: {exc}", loss=True)
            return
        if package == record.reference:
            yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, where, f"{package!r} is no package of Composer's", loss=False)
            return
        times = sorted(branch.time for branch in record.branches.values() if branch.time)
        yield Advisory(
            id=record.cve or f"{package}/{PurePosixPath(where.rpartition(': ')[2]).stem}",
            feed=context.feed,
            cves=(record.cve,) if record.cve else (),
            affected=(affected,),
            summary=(record.title or "").strip(),
            references=(record.link,) if record.link else (),
            published=times[0][:10] if times else None,
            record_sha256=sha256(document).hexdigest(),
        )
