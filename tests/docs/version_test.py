"""The change log and every program tell the same version.

  python3 -m tests.docs.version_test PROGRAMS    the folder of the programs
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

from tests.support.waiting import BUILD, ROOT

PROGRAMS = BUILD / "release/bin"


class Version(unittest.TestCase):
    def test_is_that_of_the_newest_section_of_the_change_log(self):
        newest = re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
        said = {program.name: subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
                for program in PROGRAMS.iterdir() if program.is_file()}
        self.assertIn("polybot", said)
        for name, text in said.items():
            self.assertTrue(text.startswith(f"{name} {newest} "), f"{name} says '{text.strip()}', not {newest}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        PROGRAMS = Path(sys.argv.pop())
    unittest.main()
