"""The sources as the house rules read them: text, code without comments and literals, and the functions in it."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from tests.support.waiting import ROOT

PRODUCT = ("common", "services", "deploy/launcher")
ALL = PRODUCT + ("tests",)

_IGNORED = re.compile(
    r"""//[^\n]*|/\*.*?\*/            # comments
      |R"(?P<tag>\w*)\(.*?\)(?P=tag)" # raw literals
      |"(?:\\.|[^"\\\n])*"            # literals
      |(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""", re.DOTALL | re.VERBOSE)
_KEEPS_A_BODY = re.compile(r"\b(namespace|class|struct|enum|union)\b[^()]*$|\bextern \"\"\s*$")
_STATEMENT = re.compile(r"\s*(if|for|while|switch|else|catch|do|try)\b")


@dataclass(frozen=True)
class Function:
    """A body in braces behind a list of parameters; those of lambdas inside belong to it."""

    first: int  # the line of its opening brace, from 1
    last: int
    begin: int  # its braces in Source.code
    end: int


@dataclass
class Source:
    path: str  # from the project's folder
    text: str = field(repr=False)

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """Without comments, literals emptied; as many lines as the text has."""
        def blank(match):
            kept = "" if match[0].startswith("/") else '""'
            return kept + "\n" * match[0].count("\n")
        return _IGNORED.sub(blank, self.text)

    @cached_property
    def functions(self):
        found, open_blocks, line = [], [], 1
        for match in re.finditer(r"[{}\n]", self.code):
            if match[0] == "\n":
                line += 1
            elif match[0] == "{":
                head = re.split(r"[;{}]", self.code[max(0, match.start() - 800):match.start()])[-1]
                is_function = (not any(block[2] for block in open_blocks) and ")" in head and
                               not _KEEPS_A_BODY.search(head) and not _STATEMENT.match(head) and
                               not re.search(r"[=(,]\s*$", head))
                open_blocks.append((line, match.start(), is_function))
            elif open_blocks:
                first, begin, is_function = open_blocks.pop()
                if is_function:
                    found.append(Function(first, line, begin, match.end()))
        return found


def files(*folders, suffixes):
    """Paths from the project's folder, in order."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*")
                  if path.is_file() and path.name.endswith(suffixes))


def sources(*folders, suffixes=(".hpp", ".cpp")):
    return [Source(path, (ROOT / path).read_text(encoding="utf-8")) for path in files(*folders, suffixes=suffixes)]
