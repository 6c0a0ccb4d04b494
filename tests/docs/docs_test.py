"""Types every fenced command of README.md and deploy/README.md that needs no containers, no root and no network, and
holds what it does against the table in expectations.py. Exit code 1 when one does something else.

  python3 -m tests.docs.docs_test [--quick] [PROGRAMS]    the folder of the programs, build/release/bin by default

--quick starts one stack and types what can be typed beside it; without, each `make run` of the documents is started.
"""

import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.docs.documents import DOCUMENTS, differences
from tests.docs.expectations import (AFTERWARDS, BESIDE, EXPECTATIONS, RUNNING, STOPPED, Meanwhile,
                                     NotTyped, Prints, Serves, Starts)
from tests.docs.terminal import Terminal
from tests.support.stack import no_fill_at
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until

READY_SECONDS = 90
FILL_SECONDS = 60
CHECK_SECONDS = 30
EQUAL = "venue == journal == metrics"


class Run:
    def __init__(self, terminal, quick):
        self.terminal = terminal
        self.quick = quick
        self.table = []  # (document, command, result, failure or None)

    def record(self, document, command, failure=None, how="typed"):
        self.table.append((document, command, how, failure))
        say(f"{'FAILED' if failure else 'ok'}: {command}" + (f": {failure}" if failure else ""))

    def all_of(self, kind, **fields):
        for document in DOCUMENTS:
            for command, expected in EXPECTATIONS[document]:
                if isinstance(expected, kind) and all(getattr(expected, name) == value
                                                      for name, value in fields.items()):
                    yield document, command, expected

    def attempt(self, document, command, act):
        try:
            act()
            self.record(document, command)
        except Failed as failed:
            self.record(document, command, str(failed))

    # ---- one command ----

    def prints(self, document, command, expected):
        def act():
            code, text = self.terminal.type(command)
            if code != expected.code:
                raise Failed(f"exit code {code}, not {expected.code}: {text.strip()[-300:]}")
            if not re.search(expected.pattern, text, re.MULTILINE):
                raise Failed(f"it does not print {expected.pattern!r}: {text.strip()[:300]!r}")
            wrong = expected.check(self.terminal)
            if wrong is not None:
                raise Failed(wrong)
        self.attempt(document, command, act)

    def serves(self, document, command, expected):
        def act():
            job = self.terminal.start(command)
            job.wait_for("it serves", lambda: expected.check(self.terminal), CHECK_SECONDS)
        self.attempt(document, command, act)

    def begin(self, command, expected):
        job = self.terminal.start(command)
        try:
            job.wait_for(f"it prints {expected.until}",
                         lambda: None if re.search(expected.until, job.output(), re.MULTILINE) else "starting",
                         READY_SECONDS)
            job.wait_for("what it promises", lambda: expected.check(self.terminal), CHECK_SECONDS)
        except Failed:
            job.end()  # or the next one finds its ports taken
            raise
        return job

    def finish(self, job):
        code = job.interrupt()
        last = job.output().strip().splitlines()[-8:]
        if EQUAL not in "\n".join(last):
            raise Failed(f"it stops without '{EQUAL}': {' / '.join(last)}")
        if code not in (0, 130):  # make itself ends with 130, for Ctrl-C reaches it as well
            raise Failed(f"exit code {code}: {' / '.join(last[-3:])}")

    def starts(self, document, command, expected):
        def act():
            job = self.begin(command, expected)
            for typed in expected.meanwhile:
                wanted = next(one for name, one in EXPECTATIONS[document] if name == typed)
                self.prints(document, typed, Prints(wanted.pattern))
                wait_until(typed, lambda: wanted.check(self.terminal), CHECK_SECONDS)
            self.finish(job)
        self.attempt(document, command, act)

    # ---- all of them ----

    def type_all(self):
        first = next(self.all_of(Starts, when=RUNNING))
        job = self.begin(*first[1:])
        wait_until("the first fill", lambda: no_fill_at(f"http://127.0.0.1:{self.terminal.port(8080)}"), FILL_SECONDS)
        for document in DOCUMENTS:
            for command, expected in EXPECTATIONS[document]:
                if isinstance(expected, Serves):
                    self.serves(document, command, expected)
                elif isinstance(expected, Prints) and expected.when == RUNNING:
                    self.prints(document, command, expected)
                elif isinstance(expected, Starts) and expected.when == BESIDE and not self.quick:
                    self.starts(document, command, expected)
        self.attempt(*first[:2], lambda: self.finish(job))
        if not self.quick:
            for one in self.all_of(Starts, when=AFTERWARDS):
                self.starts(*one)
        for one in self.all_of(Prints, when=STOPPED):
            self.prints(*one)

    def account(self):
        """The rows of those that were not typed, so that none is missing."""
        for document, command, expected in self.all_of(NotTyped):
            self.table.append((document, command, expected.reason, None))
        if self.quick:
            for document, command, expected in self.all_of((Starts, Meanwhile)):
                if getattr(expected, "when", None) != RUNNING:
                    self.table.append((document, command, "long: make docs-test", None))


def main(arguments):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # started processes are ended all the same
    quick = "--quick" in arguments
    rest = [argument for argument in arguments if argument != "--quick"]
    programs = Path(rest[0]) if rest else BUILD / "release" / "bin"
    lines = [line for document in DOCUMENTS
             for line in differences(document, (ROOT / document).read_text(), EXPECTATIONS[document])]
    if lines:
        print("\n".join(lines), file=sys.stderr)
        print("docs: add it to or take it from tests/docs/expectations.py", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="polybot-docs-"))
    run = Run(Terminal(folder, programs.resolve()), quick)
    try:
        run.type_all()
    except Failed as failed:
        run.record("", "the first stack", str(failed))
    finally:
        run.terminal.close()
    run.account()
    for document, command, how, failure in run.table:
        print(f"{document:17} {command[:70]:70} {how[:44]:44} {'FAILED: ' + failure if failure else 'ok'}")
    failures = sum(1 for row in run.table if row[3] is not None)
    typed = sum(1 for row in run.table if row[2] == "typed")
    print(f"\n{typed} commands typed, {f'{failures} FAILED' if failures else 'all as documented'}")
    if failures:
        for _, command, _, failure in run.table:
            if failure:
                print(f"FAILED: {command}: {failure}")
        print(f"What was printed and logged: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
