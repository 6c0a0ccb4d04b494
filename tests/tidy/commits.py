"""The rules for the subject of a commit; as a program, the hook that `make check` installs.

  python3 -m tests.tidy.commits FILE    with the message of a commit
"""

import re
import sys
from pathlib import Path

SUBJECT_MAX = 72
_OF_A_MACHINE = re.compile(r"(?:^|[\s'\"(=])/(?:home|root|tmp|work|Users|mnt|media|srv)/")


def faults(subject):
    found = []
    if len(subject) > SUBJECT_MAX and not subject.startswith("Merge "):  # hosts write those
        found.append(f"the subject has {len(subject)} characters, at most {SUBJECT_MAX} are allowed")
    if _OF_A_MACHINE.search(subject):
        found.append("the subject names a folder of a machine")
    return found


if __name__ == "__main__":
    message = [line for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    problems = faults(next((line for line in message if line.strip()), ""))
    for problem in problems:
        print(f"commit: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)
