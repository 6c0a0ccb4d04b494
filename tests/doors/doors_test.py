"""Attacks on everything that listens, made on a stack that trades: each must be refused and counted.

What only a browser, another process on this host or a peer on the network can try is tried here with plain sockets, as
they would: foreign_pages.py, tokens.py, crowd.py, proxy.py. Afterwards the stack must still trade, and end with equal
books. Exit code 1 when anything got in, was not counted, or was not noticed.

  python3 -m tests.doors.doors_test [MODULE...]    all of them unless told
"""

import importlib
import shutil
import sys

from tests.doors.attack import COUNTED_SECONDS, Run, Skipped
from tests.support.waiting import BUILD, Failed, say, wait_until

WORK = BUILD / "doors"
MODULES = ("foreign_pages", "tokens", "proxy", "crowd")  # what needs a calm stack comes first


def try_out(run, attack):
    """(verdict, what was seen)"""
    try:
        before = attack.count(run)
        seen = attack.make(run)
        wait_until("it is counted", lambda: _missing(run, attack, before), COUNTED_SECONDS)
        return "refused", f"{seen}; counted {attack.count(run) - before:g}"
    except Skipped as why:
        return "skipped", str(why)
    except Failed as why:
        return "FAILED", str(why)


def _missing(run, attack, before):
    risen = attack.count(run) - before
    return None if risen >= attack.least else f"{risen:g} of at least {attack.least}"


def still_trades(run):
    """Nothing that was tried has stopped it."""
    before = run.orders()
    wait_until("orders are sent again", lambda: None if run.orders() > before else "none yet", 60)
    wait_until("the whole stack is ready", run.stack.not_ready, 60)


def main():
    names = sys.argv[1:] or MODULES
    if unknown := set(names) - set(MODULES):
        print(f"doors: there is no {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    run = Run(WORK)
    rows = []
    try:
        for name in names:
            for attack in importlib.import_module(f"tests.doors.{name}").ATTACKS:
                verdict, seen = try_out(run, attack)
                say(f"{attack.what}: {verdict} ({seen})")
                rows.append((attack.what, verdict, seen))
        try:
            still_trades(run)
            rows.append(("the stack trades on", "ok", ""))
        except Failed as why:
            rows.append(("the stack trades on", "FAILED", str(why)))
    finally:
        run.cleanup.close()
        code, last = run.stack.stop()
    rows.append(("it ends with equal books", "ok" if code == 0 else "FAILED", last[-1] if last else ""))
    width = max(len(what) for what, _, _ in rows)
    print()
    for what, verdict, seen in rows:
        print(f"{what:{width}}  {verdict:7}  {seen}".rstrip())
    return 1 if any(verdict == "FAILED" for _, verdict, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
