"""All house rules; exit code 1 when one is broken."""

import sys
import unittest

from tests.support.waiting import ROOT

rules = unittest.defaultTestLoader.discover(str(ROOT / "tests/tidy"), "*_test.py", str(ROOT))
result = unittest.TextTestRunner(verbosity=0).run(rules)
sys.exit(not result.wasSuccessful() or result.testsRun == 0)
