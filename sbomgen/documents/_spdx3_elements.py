"""The elements of an SPDX 3 document while they gather: agents and licence expressions are added once."""

from collections.abc import Iterable
from typing import Any

from sbomgen.documents import _spdx3_model as spdx3
from sbomgen.documents import _spdx_facts as facts
from sbomgen.documents.content import NAMESPACE_MARK, short_digest

PROFILES = ["core", "software", "simpleLicensing"]
DATA_LICENSE = "CC0-1.0"

_ACTORS = {facts.ActorKind.PERSON: spdx3.Person, facts.ActorKind.ORGANIZATION: spdx3.Organization}


def iri_of(name: str) -> str:
    """The IRI of the document's element of that name."""
    return f"{NAMESPACE_MARK}#{name}"


class ElementsBuilder:
    """The base of what builds a document; elements stand in the order in which they are added. Its methods give IRIs."""

    def __init__(self) -> None:
        self.elements: list[spdx3.Element] = []
        self.agents: dict[facts.Actor, str] = {}
        self.expressions: dict[str, str] = {}

    def add(self, kind: type[spdx3.Element], iri: str, /, **stated: Any) -> str:
        """Adds an element."""
        self.elements.append(kind(spdx_id=iri, creation_info=spdx3.CREATION_INFO, **stated))
        return iri

    def annotate(self, subject: str, statement: str, which: str = "") -> None:
        """Adds what JSON says of an element; `which` tells several apart."""
        self.add(
            spdx3.Annotation, f"{subject}/annotation{which}", annotation_type="other", content_type="application/json", statement=statement,
            subject=subject,
        )  # fmt: skip

    def relate(self, start: str, kind: str, to: Iterable[str], which: str = "", **stated: str | None) -> None:
        """Adds a relationship, unless it is to nothing; `which` tells several of a kind apart."""
        if targets := list(dict.fromkeys(to)):
            self.add(spdx3.Relationship, f"{start}/{kind}{which}", from_=start, relationship_type=kind, to=targets, **stated)

    def agent(self, actor: facts.Actor | None) -> str | None:
        """A person or an organisation."""
        if actor is not None and actor not in self.agents:
            email = [spdx3.ExternalIdentifier("email", actor.email)] if actor.email else None
            self.agents[actor] = self.add(_ACTORS[actor.kind], iri_of(actor.identifier), name=actor.name, external_identifier=email)
        return self.agents[actor] if actor else None

    def expression(self, expression: str) -> str:
        """A licence expression, with the IRIs of its own licences."""
        if expression not in self.expressions:
            custom = [spdx3.DictionaryEntry(name, iri_of(name)) for name in facts.licence_references(expression)]
            self.expressions[expression] = self.add(
                spdx3.LicenseExpression,
                iri_of(f"License-{facts.slug(expression)}-{short_digest(expression)}"),
                simplelicensing_license_expression=expression,
                simplelicensing_license_list_version=f"{facts.LICENSE_LIST_VERSION}.0",
                simplelicensing_custom_id_to_uri=custom or None,
            )
        return self.expressions[expression]

    def licence_texts(self, extracted: Iterable[tuple[str, str, str]]) -> None:
        """Adds texts of licences that are not on SPDX's list: reference, name, text."""
        for reference, name, text in extracted:
            self.add(spdx3.LicensingText, iri_of(reference), name=name, simplelicensing_license_text=text)
