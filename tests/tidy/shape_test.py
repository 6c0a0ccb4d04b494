"""The sizes of files and functions, and where they lie."""

import re
import unittest
from collections import Counter
from pathlib import PurePosixPath

from tests.support.waiting import ROOT
from tests.tidy.sources import ALL, PRODUCT, files, sources

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
SCRIPT_COLUMNS_MAX = 120
TEST_NAME_MAX = 60
CORE_FOLDER_FILES_MAX = 24

# Texts that must stay as they are: raw literals, and tables that clang-format leaves alone.
_KEPT_WHOLE = re.compile(r'R"(\w*)\(.*?\)\1"|// clang-format off.*?// clang-format on', re.DOTALL)


def wide_lines(path, text, maximum):
    return [f"{path}:{number}: {len(line)} columns" for number, line in enumerate(text.splitlines(), 1)
            if len(line) > maximum]


class Sizes(unittest.TestCase):
    maxDiff = None

    def test_files_stay_small(self):
        long = [f"{source.path}: {len(source.lines)} lines" for source in sources(*PRODUCT)
                if len(source.lines) > FILE_LINES_MAX]
        self.assertEqual(long, [])

    def test_functions_fit_a_screen(self):
        long = [f"{source.path}:{function.first}: {function.last - function.first + 1} lines"
                for source in sources(*ALL) for function in source.functions
                if function.last - function.first + 1 > FUNCTION_LINES_MAX]
        self.assertEqual(long, [])

    def test_lines_fit_the_page(self):
        wide = []
        for source in sources(*ALL):
            broken = _KEPT_WHOLE.sub(lambda kept: "\n" * kept[0].count("\n"), source.text)
            wide += wide_lines(source.path, broken, COLUMNS_MAX)
        for script in files("deploy", "tests", suffixes=(".sh", ".py")):
            wide += wide_lines(script, (ROOT / script).read_text(encoding="utf-8"), SCRIPT_COLUMNS_MAX)
        self.assertEqual(wide, [])

    def test_names_of_tests_are_short_sentences(self):
        long = [f"{source.path}: {name}" for source in sources("tests")
                for name in re.findall(r"^TEST(?:_[FP])?\(\w+,\s*(\w+)\)", source.text, re.MULTILINE)
                if len(name) >= TEST_NAME_MAX]
        self.assertEqual(long, [])

    def test_every_header_opens_with_its_purpose(self):
        bare = [source.path for source in sources(*PRODUCT)
                if source.path.endswith(".hpp") and not source.text.startswith("//")]
        self.assertEqual(bare, [])


class Places(unittest.TestCase):
    def test_each_folder_of_a_core_is_one_subject(self):
        held = Counter(str(PurePosixPath(path).parent) for path in files("services", suffixes=(".hpp", ".cpp"))
                       if path.split("/")[2] == "core")
        self.assertGreaterEqual(len(held), 5, "each service has a core")
        self.assertEqual([f"{folder}: {count} files" for folder, count in sorted(held.items())
                          if count > CORE_FOLDER_FILES_MAX], [])

    def test_unit_tests_lie_where_their_sources_do(self):
        """tests/unit/X tests the folder X, and what has the name of a header lies in the folder of that header."""
        components = {path.name for parent in ("common", "services", "deploy") for path in (ROOT / parent).iterdir()}
        homes = {}
        for header in files(*PRODUCT, suffixes=(".hpp",)):
            parts = header.split("/")
            homes.setdefault(parts[-1].removesuffix(".hpp"), []).append((header, parts[1]))
        misplaced = []
        for test in sources("tests/unit", suffixes=("_test.cpp",)):
            folder, name = test.path.split("/")[2], test.path.split("/")[-1].removesuffix("_test.cpp")
            tested = {home for header, home in homes.get(name, []) if f'#include "{header}"' in test.text}
            if folder not in components or (tested and folder not in tested):
                misplaced.append(test.path)
        self.assertEqual(misplaced, [])

    def test_python_modules_name_their_package(self):
        changed = [path for path in files("tests", "deploy", suffixes=(".py",))
                   if re.search(r"sys\.path\b(?!\\)", (ROOT / path).read_text(encoding="utf-8"))]
        self.assertEqual([path for path in changed if path != "tests/tidy/shape_test.py"], [])
