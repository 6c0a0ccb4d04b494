"""The documents' commands are read as a person reads them, and none can be added, changed or dropped without its
expectation."""

import unittest

from tests.docs.documents import DOCUMENTS, commands, differences
from tests.docs.expectations import EXPECTATIONS, Meanwhile, Prints, Starts
from tests.support.waiting import ROOT

TEXT = """Text.

```sh
make run     # starts it
long --one \\
  --two &
# a line of its own
curl "$API/x?a=#b"
```

```yaml
no: command
```
"""
WHOLE = ["make run", "long --one --two &", 'curl "$API/x?a=#b"']


class Reading(unittest.TestCase):
    def test_reads_the_commands_of_shell_blocks_alone(self):
        self.assertEqual(commands(TEXT), WHOLE)


class Table(unittest.TestCase):
    @staticmethod
    def table(*names):
        return [(name, Prints()) for name in names]

    def test_has_an_expectation_for_each_command_of_the_documents(self):
        for document in DOCUMENTS:
            self.assertEqual(differences(document, (ROOT / document).read_text(), EXPECTATIONS[document]), [])

    def test_misses_a_new_command(self):
        found = differences("X.md", TEXT, self.table("make run", 'curl "$API/x?a=#b"'))
        self.assertEqual(found, ["X.md: no expectation for: long --one --two &"])

    def test_misses_a_command_that_is_gone(self):
        found = differences("X.md", TEXT, self.table("make all", *WHOLE))
        self.assertEqual(found, ["X.md: an expectation, but no such command: make all"])

    def test_notices_a_command_that_is_there_twice(self):
        self.assertTrue(differences("X.md", TEXT, self.table("make run", *WHOLE)))

    def test_names_only_commands_of_its_document_for_meanwhile(self):
        for document, rows in EXPECTATIONS.items():
            named = {command for _, expected in rows if isinstance(expected, Starts)
                     for command in expected.meanwhile}
            self.assertEqual(named, {command for command, expected in rows if isinstance(expected, Meanwhile)},
                             document)


if __name__ == "__main__":
    unittest.main()
