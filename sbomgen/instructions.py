"""Build instructions as image histories hold them: made presentable, and build-argument values kept out of documents."""

import re

REDACTED = "<redacted>"

_BUILD_ARGUMENTS = re.compile(r"^(?P<run>(?:RUN )?\|(?P<count>\d{1,4}) )(?P<rest>.*)$", re.DOTALL)
_SHELL = re.compile(r"\s(?=/(?:\S+/)?(?:ba|da|a|z|k)?sh\s+-|cmd\s+/S|(?:\S+/)?(?:powershell|pwsh)(?:\.exe)?\s+-)")
_ARGUMENT_NAME = re.compile(r"(?:^|(?<=\s))([A-Za-z_]\w*)=")


def presentable(created_by: str, show_build_args: bool = False) -> str:
    r"""A history entry as people know it from the Dockerfile: without `/bin/sh -c #(nop)`, on one line, build-argument values redacted.

    Docker and BuildKit write the values of build arguments before the command: `RUN |2 TOKEN=… USER=… /bin/sh -c make`. Values may hold
    blanks and are not quoted: where the shell's name cannot be found all that follows the first value is redacted, and where more than
    so many words look like the name of an argument only the first is told, for the others may be parts of a value.

    >>> presentable("/bin/sh -c #(nop)  CMD [\"bash\"]")
    'CMD ["bash"]'
    >>> presentable("RUN |2 TOKEN=s3cret USER=me too /bin/sh -c make # buildkit")
    'RUN |2 TOKEN=<redacted> USER=<redacted> /bin/sh -c make # buildkit'
    """
    text = " ".join(created_by.split())
    if "#(nop)" in text and not _BUILD_ARGUMENTS.match(text):
        return text.split("#(nop)", 1)[1].strip()
    if text.startswith("/bin/sh -c "):
        text = f"RUN {text}"
    return text if show_build_args else _redacted(text)


def _redacted(text: str) -> str:
    arguments = _BUILD_ARGUMENTS.match(text)
    if arguments is None or arguments["count"] == "0":
        return text
    shell = _SHELL.search(arguments["rest"])
    values, command = (arguments["rest"][: shell.start()], arguments["rest"][shell.start() :]) if shell else (arguments["rest"], "")
    names = _ARGUMENT_NAME.findall(values)
    if len(names) != int(arguments["count"]):
        names = names[:1]
    return arguments["run"] + " ".join(f"{name}={REDACTED}" for name in names) + command
