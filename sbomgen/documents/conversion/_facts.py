"""What the writers of every format need of a `Bom`."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents._values import is_cpe, is_url
from sbomgen.documents.content import short_digest
from sbomgen.documents.conversion._losses import Losses
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.documents.licences import licence_expression
from sbomgen.documents.properties import REPEATED_NAMES
from sbomgen.model import SourcePackage
from sbomgen.sbom.bom import Bom, Component, Hash, Party, Relation, RelationKind, containers
from sbomgen.sbom.properties import OWNED_BY, diff_ids
from sbomgen.sbom.spdx2 import PHASES

DIGITS = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128, "SHA3-256": 64, "SHA3-384": 96, "SHA3-512": 128,
          "BLAKE2b-256": 64, "BLAKE2b-384": 96, "BLAKE2b-512": 128, "BLAKE3": 64}  # fmt: skip
"""The algorithms that all three formats know, and how many digits their checksums have."""

OUR_NAMES = "sbomgen:"

_TIME = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_HEX = re.compile(r"[0-9a-f]+")
_PURL = re.compile(r"pkg:[A-Za-z][A-Za-z0-9.+-]*/[^\s]+")
_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_VCS = re.compile(r"(?:git|svn|hg|bzr)\+")
_TYPES = {phase: sbom_type for sbom_type, phase in PHASES.items() if sbom_type != "deployed"}


def utc_time(stated: str | None) -> str | None:
    """A time as all formats write it, `YYYY-MM-DDThh:mm:ssZ`; None where none is stated, or a text that is none."""
    from datetime import UTC, datetime

    if stated is None or not _TIME.fullmatch(stated):
        return None
    try:
        return datetime.fromisoformat(stated).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None


def sbom_type(bom: Bom) -> str | None:
    """CISA's type of SBOM: `analyzed`."""
    return _TYPES.get(bom.phase or "")


def checksums(hashes: Iterable[Hash]) -> list[Hash]:
    """Those that are what their algorithm says, each once."""
    return [one for one in dict.fromkeys(hashes) if DIGITS.get(one.algorithm) == len(one.value) and _HEX.fullmatch(one.value)]


def is_purl(text: str | None) -> bool:
    """Whether a text has the form of a PURL."""
    return text is not None and _PURL.fullmatch(text) is not None


def is_location(text: str) -> bool:
    """Whether a text is an address that something can be downloaded from, by SPDX's rules."""
    return is_url(_VCS.sub("", text, count=1))


def addresses(one: Component, losses: Losses) -> tuple[str | None, str | None]:
    """Homepage and download location; no other references are written in SPDX."""
    websites = [reference for reference in one.references if reference.type == "website" and is_url(reference.url)][:1]
    locations = [reference for reference in one.references if reference.type in {"distribution", "vcs"} and is_location(reference.url)][:1]
    for reference in one.references:
        if reference not in (*websites, *locations):
            losses.add(f"external references: {reference.type}")
        losses.add("checksums of external references", len(reference.hashes))
    return (websites[0].url if websites else None), (locations[0].url if locations else None)


def identifiers(one: Component, losses: Losses) -> tuple[str | None, list[str]]:
    """PURL and CPEs for SPDX. The PURL of a source package is left out: readers take what has one for installed."""
    purl = one.purl if is_purl(one.purl) and one.kind != "source" else None
    cpes = list(filter(is_cpe, one.cpes))
    losses.add("PURLs of source packages, and what is no PURL", int(one.purl != purl))
    losses.add("CPEs that are not of version 2.3", len(one.cpes) - len(cpes))
    losses.add("how components were recognised", len(one.identities))
    losses.add("SWID tags", int(one.swid is not None))
    supplier = one.supplier.name if one.supplier else None
    losses.add("publishers", int(one.publisher is not None and not (supplier and one.publisher.startswith(supplier))))
    return purl, cpes


def full_name(component: Component) -> str:
    """With its group, as the ecosystem writes it."""
    if not component.group:
        return component.name
    return f"{component.group}{':' if (component.purl or '').startswith('pkg:maven/') else '/'}{component.name}"


def actor_of(party: Party | None) -> facts.Actor | None:
    """Somebody as SPDX knows them; what is not said is told from the name."""
    if party is None:
        return None
    name = party.name or party.email or party.url or ""
    told = facts.actor_of(f"{name} <{party.email}>" if party.email else name)
    kind = facts.ActorKind(party.kind) if party.kind else told.kind if told else None
    return facts.Actor(kind, name, party.email) if kind else None


def statements(bom: Bom, component: Component, owner: str | None) -> list[str]:
    """The annotations of a component, canonical JSON: our properties with its files, then those of others; each where there are any."""
    pairs = list(component.properties)
    if component.ref == bom.root:
        pairs += [pair for pair in bom.properties if pair not in component.properties]
    pairs += [(OWNED_BY, owner)] if owner else []
    layers = layer_numbers(bom)
    known = all(path.diff_id in layers for path in component.paths)
    for path in component.paths:
        pairs.append(("sbomgen:path", path.path))
        pairs += [("sbomgen:path:layer", str(layers[path.diff_id or ""]))] if known else []
    ours = [pair for pair in pairs if pair[0].startswith(OUR_NAMES)]
    others = [pair for pair in pairs if not pair[0].startswith(OUR_NAMES)]
    return [_object(stated) for stated in (ours, others) if stated]


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    stated = {name: listed if len(listed) > 1 or name in REPEATED_NAMES else listed[0] for name, listed in values.items()}
    return msgspec.json.encode(stated, order="sorted").decode()


def layer_numbers(bom: Bom) -> dict[str | None, int]:
    """The index of each layer, by diff_id."""
    subject = bom.subject
    return {diff_id: number for number, diff_id in enumerate(diff_ids(subject.properties)) if diff_id != "-"} if subject else {}


def related(bom: Bom, kind: RelationKind) -> Iterator[Relation]:
    """The relations of a kind, sorted."""
    return (relation for relation in sorted(bom.relations) if relation.kind is kind)


def completeness(bom: Bom) -> dict[tuple[RelationKind, str], str]:
    """How completely it is known what components contain, and what they depend on: by these kinds and refs, in CycloneDX's words."""
    whole = containers(bom.components, bom.root)
    stated = {(RelationKind.DEPENDS_ON, ref): "complete" for ref in bom.independent}
    stated |= {(RelationKind.CONTAINS if ref in whole else RelationKind.DEPENDS_ON, ref): known for ref, known in bom.known}
    return stated | {(RelationKind.CONTAINS, ref): known for ref, known in bom.assembled}


def source_infos(bom: Bom) -> dict[str, str]:
    """What components were built from, by ref, as Trivy writes and reads it."""
    by_ref = {one.ref: one for one in bom.components if one.kind == "source"}
    found: dict[str, str] = {}
    for relation in related(bom, RelationKind.GENERATED_FROM):
        if source := by_ref.get(relation.to_ref):
            found.setdefault(relation.from_ref, facts.source_info(SourcePackage(source.name, source.version)))
    return found


def owners(bom: Bom) -> dict[str, str]:
    """The first owner of each component that has one."""
    found: dict[str, str] = {}
    for relation in related(bom, RelationKind.OWNED_BY):
        found.setdefault(relation.from_ref, relation.to_ref)
    return found


def identifier_of(component: Component) -> str:
    """Of a component's element: readable, and unique by its ref."""
    return f"{'Source' if component.kind == 'source' else 'Package'}-{facts.slug(full_name(component))}-{short_digest(component.ref)}"


class Licences:
    """Licences as SPDX expressions; texts that are none get a `LicenseRef-` of the document."""

    def __init__(self, bom: Bom) -> None:
        self._known = dict(bom.licence_texts)
        self._kept: dict[str, str] = {}
        self._made = facts.DeclaredLicences()

    def expression(self, texts: Iterable[str]) -> str | None:
        """All of them, joined with AND; None where there is none."""
        stated = list(texts)
        if len(stated) == 1 and self._is_kept(stated[0]):
            return stated[0]
        return self._made.expression(stated)

    def _is_kept(self, text: str) -> bool:
        """Whether a text is an expression with references whose texts the document has: it stays as it is."""
        references = set(_REFERENCE.findall(text))
        if not references or not references <= self._known.keys() or licence_expression(_REFERENCE.sub("MIT", text)) is None:
            return False
        self._kept |= {one: self._known[one] for one in references}
        return True

    def extracted(self) -> list[tuple[str, str, str]]:
        """Reference, name and text of each licence that is not on the list, by reference."""
        kept = [(one, clean(text.splitlines()[0]) if text.strip() else one, clean_lines(text)) for one, text in self._kept.items()]
        made = [one for one in self._made.extracted() if one[0] not in self._kept]
        return sorted([*kept, *made])
