"""Decoders for threads: msgspec shows what it knows of a type to all threads before it is whole, and crashes when one uses it then."""

from functools import cache
from threading import Lock
from typing import Any, TypeVar

from msgspec import json, msgpack

_T = TypeVar("_T")

_MAKING = Lock()


def json_decoder(kind: type[_T]) -> "json.Decoder[_T]":
    """The decoder of JSON of a type.

    >>> json_decoder(int).decode(b"3")
    3
    """
    decoder: json.Decoder[_T] = _decoder(json.Decoder, kind)
    return decoder


def msgpack_decoder(kind: type[_T]) -> "msgpack.Decoder[_T]":
    """The decoder of msgpack of a type."""
    decoder: msgpack.Decoder[_T] = _decoder(msgpack.Decoder, kind)
    return decoder


def _decoder(make: Any, kind: Any) -> Any:
    """The one decoder of a type, made with all types it reaches before any thread has it."""
    with _MAKING:
        return _made(make, kind)


@cache
def _made(make: Any, kind: Any) -> Any:
    return make(kind)
