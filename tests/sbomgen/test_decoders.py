"""Decoders in threads: types that several threads meet at once, in a process of their own, for what is held off here is a crash."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from threading import Barrier, Thread

from msgspec import Struct, json, msgpack

from sbomgen.decoders import json_decoder, msgpack_decoder

sys.setswitchinterval(1e-6)


def met_at_once(decode):
    class Inner(Struct):
        words: tuple[str, ...] = ()

    class Outer(Struct):
        first: Inner | None = None
        more: dict[str, Inner] = {}
        rest: tuple[Inner, ...] = ()

    def work():
        barrier.wait()
        decode(Outer)

    barrier = Barrier(4)
    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


CONTENT = {"first": {"words": ["a"]}, "more": {"x": {}}, "rest": [{"words": ["b"]}]}
JSON, PACKED = json.encode(CONTENT), msgpack.encode(CONTENT)
for _ in range(200):
    met_at_once(%s)
print("all came back")
"""


@pytest.mark.parametrize(
    "decode",
    ["lambda kind: json_decoder(kind).decode(JSON)", "lambda kind: msgpack_decoder(kind).decode(PACKED)"],
    ids=["json", "msgpack"],
)
def test_a_type_that_threads_meet_at_once_is_whole_for_each(decode: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM % decode], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "all came back\n", "")
