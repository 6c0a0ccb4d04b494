"""The rules for the subjects of commits, checked on the last commits of a clone."""

import subprocess
import unittest

from tests.support.waiting import ROOT
from tests.tidy.commits import faults

LOOKED_AT = 20


class Commits(unittest.TestCase):
    def test_the_last_subjects_are_short_and_name_no_machine(self):
        log = subprocess.run(["git", "-c", "safe.directory=*", "log", f"-{LOOKED_AT}", "--format=%s"], cwd=ROOT,
                             capture_output=True, text=True)
        if log.returncode != 0:
            self.skipTest("not a clone")
        subjects = log.stdout.splitlines()
        self.assertEqual([f"{subject}: {fault}" for subject in subjects for fault in faults(subject)], [])

    def test_tells_good_subjects_from_bad_ones(self):
        for good in ("x" * 72, "Serve /api/v1/pnl and /data/orders", "Merge " + "x" * 80):
            self.assertEqual(faults(good), [])
        for bad in ("x" * 73, "Merge branch 'main' of /work/h1", "Build in /home/me/polybot"):
            self.assertEqual(len(faults(bad)), 1)
