"""Build-argument values never reach a document unless asked for."""

import pytest

from sbomgen.instructions import presentable

CASES = [
    ("/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /"),
    ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
    ("/bin/sh -c apk add curl", "RUN /bin/sh -c apk add curl"),
    ("COPY app /app # buildkit", "COPY app /app # buildkit"),
    ("RUN |1 A=1 /bin/sh -c true # buildkit", "RUN |1 A=<redacted> /bin/sh -c true # buildkit"),
    ("|1 A=1 /bin/sh -c true", "|1 A=<redacted> /bin/sh -c true"),
    ("RUN |2 TOKEN=x y z USER=me /bin/bash -o pipefail -c make", "RUN |2 TOKEN=<redacted> USER=<redacted> /bin/bash -o pipefail -c make"),
    ("RUN |1 TOKEN=s3cret /opt/odd-shell --do it", "RUN |1 TOKEN=<redacted>"),
    ("RUN |1 A=1\n/bin/sh -c a &&\n   b", "RUN |1 A=<redacted> /bin/sh -c a && b"),
    ("RUN |0 /bin/sh -c true", "RUN |0 /bin/sh -c true"),
    ("", ""),
]


@pytest.mark.parametrize(("created_by", "shown"), CASES)
def test_an_instruction_reads_as_in_the_dockerfile(created_by: str, shown: str) -> None:
    assert presentable(created_by) == shown


def test_values_stay_when_asked_for() -> None:
    assert presentable("RUN |1 A=1 /bin/sh -c true", show_build_args=True) == "RUN |1 A=1 /bin/sh -c true"


@pytest.mark.parametrize("secret", ["s3cret", "two words", "sh -x", "a=b", "ends in /bin", "a#(nop)b", "my pwsh word", "x hunter=2"])
@pytest.mark.parametrize("shell", ["/bin/sh -c", "/bin/bash -eo pipefail -c", "/bin/ash -c", "cmd /S /C", "powershell -Command", "/odd"])
def test_no_secret_value_survives(secret: str, shell: str) -> None:
    assert secret not in presentable(f"RUN |2 TOKEN={secret} OTHER=1 {shell} make").replace(shell, "")


@pytest.mark.parametrize("secret", ["x hunter2=y", "x #(nop) hunter2", "hunter2", "x\thunter2", "pwsh hunter2"])
@pytest.mark.parametrize("form", ["RUN |2 TOKEN={} OTHER=1 /bin/sh -c make", "|2 OTHER=1 TOKEN={} /bin/sh -c make"])
def test_no_part_of_a_value_is_taken_for_something_else(secret: str, form: str) -> None:
    shown = presentable(form.format(secret))
    assert "hunter2" not in shown
    assert shown.endswith("<redacted> /bin/sh -c make")
