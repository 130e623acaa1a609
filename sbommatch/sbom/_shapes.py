"""What a record is made of, by the types of its fields: decoders and builders that are told a record alone go by this.

A field of a record is a text, another record, or a list of either; all may be None.
"""

from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from msgspec import Struct
from msgspec.structs import FieldInfo, fields

Record = TypeVar("Record", bound=Struct)


class Member(Struct, frozen=True, gc=False):
    """A field, as documents name and fill it."""

    field: str
    """Name of the attribute; documents use the key under which the member stands in `members_of`."""
    of_type: Any
    is_text: bool
    record: type[Struct] | None
    element: Any
    """Type of a list's elements; None where it is no list."""
    element_record: type[Struct] | None
    """Theirs, where they are records."""


@cache
def fields_of(record: type[Struct]) -> tuple[FieldInfo, ...]:
    """`msgspec.structs.fields`, which resolves annotations each time it is asked."""
    return fields(record)


@cache
def members_of(record: type[Struct]) -> dict[str, Member]:
    """The fields of a record by their names in documents."""
    return {info.encode_name: _member(info.name, info.type) for info in fields_of(record)}


def _member(name: str, type_: Any) -> Member:
    element = element_in(type_)
    return Member(name, type_, str in choices(type_), record_in(type_), element, record_in(element))


def choices(type_: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type."""
    return get_args(type_) if isinstance(type_, UnionType) else (type_,)


def record_in(type_: Any) -> type[Struct] | None:
    """The record that a value of this type may be."""
    return next((choice for choice in choices(type_) if isinstance(choice, type) and issubclass(choice, Struct)), None)


def element_in(type_: Any) -> Any:
    """The type of the elements where a value of this type may be a list, else None."""
    return next((get_args(choice)[0] for choice in choices(type_) if get_origin(choice) is list), None)
