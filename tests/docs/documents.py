"""The commands that README.md and deploy/README.md give, as a person would copy them."""

import re

DOCUMENTS = ("README.md", "deploy/README.md")

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# .*$")


def commands(text):
    """Those of the blocks marked `sh`, in order: without comments, lines that go on joined."""
    found = []
    for language, block in _FENCE.findall(text):
        if language != "sh":
            continue
        for line in re.sub(r" *\\\n *", " ", block).splitlines():
            command = _COMMENT.sub("", line).strip()
            if command and not command.startswith("#"):
                found.append(command)
    return found


def differences(document, text, expectations):
    """What the document has and the table has not, or in another order; as lines for a person."""
    given, expected = commands(text), [command for command, _ in expectations]
    if given == expected:
        return []
    lines = [f"{document}: no expectation for: {command}" for command in given if command not in expected]
    lines += [f"{document}: an expectation, but no such command: {command}" for command in expected
              if command not in given]
    if not lines:
        first = next((pair for pair in zip(given, expected) if pair[0] != pair[1]), None)
        lines.append(f"{document}: the table has another order or number of the same commands" +
                     (f", first here: {first[0]}" if first else ""))
    return lines
