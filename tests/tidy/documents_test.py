"""The pages name only existing parts of the tree: files, `file:function`, links. Each row of the table of includes has
its sentence."""

import re
import unittest
from pathlib import PurePosixPath

from tests.support.waiting import ROOT
from tests.tidy import includes_test
from tests.tidy.sources import PRODUCT, Source, files

PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md",
         *files("deploy", "docs", "proto", "services", suffixes=(".md",))]
_TOP = ("common", "services", "deploy", "tests", "proto", "docs", ".github", ".ci")
_SPAN = re.compile(r"`([^`\s]+)`")
_PLACE = re.compile(r"([\w.-]+(?:/[\w.-]+)+)/?(?::(\w+))?")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def names(path, function):
    text = (ROOT / path).read_text(encoding="utf-8")
    code = Source(path, text).code if path.endswith((".cpp", ".hpp")) else text
    return re.search(rf"\b{function}\b", code) is not None


def elsewhere(path, function):
    """Where a moved file may be now, for the person who moved it."""
    candidates = files(*PRODUCT, suffixes=(".cpp",)) if function else files(*PRODUCT, "tests", suffixes=("",))
    name = PurePosixPath(path).name
    found = [other for other in candidates if other.endswith("/" + name)] or [
        other for other in candidates if function and re.search(rf"::{function}\(", (ROOT / other).read_text())]
    return f" (now {' or '.join(found[:4])}?)" if found else ""


def missing(page, text):
    found = []
    for span in _SPAN.findall(text):
        place = _PLACE.fullmatch(span)
        if not place or place[1].split("/")[0] not in _TOP:
            continue
        path, function = place[1], place[2]
        if "NAME" in path:  # of the reader's choice, in a folder that is there
            path, function = str(PurePosixPath(path).parent), None
        if not (ROOT / path).exists() or (function and not names(path, function)):
            found.append(f"{page}: {span} is not there{elsewhere(path, function)}")
    folder = (ROOT / page).parent
    found += [f"{page}: there is no {link}" for link in _LINK.findall(text) if not (folder / link).exists()]
    return found


class Documents(unittest.TestCase):
    maxDiff = None

    def test_what_the_pages_name_is_there(self):
        self.assertEqual([problem for page in PAGES for problem in missing(page, (ROOT / page).read_text())], [])

    def test_notices_what_is_not_there(self):
        text = "`common/no.cpp`, `deploy/build.sh:no_such`, `deploy/build.sh:configure`, [x](no.md), `x/y`"
        self.assertEqual([line.split(" (")[0] for line in missing("README.md", text)],
                         ["README.md: common/no.cpp is not there", "README.md: deploy/build.sh:no_such is not there",
                          "README.md: there is no no.md"])

    def test_every_row_of_the_dependency_table_has_its_sentence(self):
        text = (ROOT / "docs/ARCHITECTURE.md").read_text()
        folders = {re.sub(r"[/.(].*", "", pattern.replace("/core/", "|core/").replace("/", "\0", 1))
                   .replace("\0", "/").replace("|", "/") for pattern, _, _ in includes_test.TABLE}
        self.assertEqual([folder for folder in sorted(folders) if f"`{folder}" not in text], [])
