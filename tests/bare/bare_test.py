"""Both commands of the README, each in an empty system: `make run` until it trades and Ctrl-C, `make test`.

  STEPS='configure run test sudo'   these alone (all of them without it)
    configure   packages and cmake for `make run`, then for `make test`, in a root each
    run         `make run` without a terminal to the first fill, SIGINT, exit code 0, equal books
    test        `make test`
    sudo        what configure does, as a user with sudo (in the first system alone)
  SYSTEMS='debian12 debian13 ubuntu24.04'   these alone

Needs root and debootstrap; says what it skips. POLYBOT_BARE_ROOT names an empty root of one of the systems that is
there already. Takes packages from where this machine takes them; a package that an earlier root of the same system
has downloaded is not downloaded again, and the report says so. What it makes lies below TMPDIR (or /var/tmp): some
4 GB a system, removed at the end. The exit code is 1 when something failed, or nothing passed."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.support.empty_root import PROGRESS_EVERY_S, SYSTEMS, Base, NotServed, isolate, unmet_need
from tests.support.stack import free_offset, no_fill_at
from tests.support.waiting import ROOT, Failed, say

STEPS = ["configure", "run", "test", "sudo"]
LIMITS_S = {"configure": 1200, "run": 3600, "test": 7200, "sudo": 1200}
STOP_S = 120
# What both took in the version before this test, on two cores; not on every system could that be built at all.
BEFORE = {"run": "about 540 s", "test": "902 s for building alone"}
PACKAGES = ("git", "make", "ca-certificates")  # what the README asks for, and what an https package source does
API_PORT = 8080
EQUAL = "venue == journal == metrics"
USER = "stranger"


class Command:
    """A shell line in a root, whose output is read with the time at which each line came."""

    def __init__(self, root, line, user=None):
        self.started = time.monotonic()
        self.lines = []  # (seconds, text)
        self.process = subprocess.Popen(root.command("sh", "-c", line, user=user), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                        start_new_session=True)
        self.came = queue.Queue()
        self.next_progress_s = PROGRESS_EVERY_S
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for text in self.process.stdout:
            self.came.put((time.monotonic() - self.started, text.rstrip()))
        self.came.put(None)

    def take(self, wait_s):
        """Takes the output of a time; false when the output has ended."""
        seconds = time.monotonic() - self.started
        if seconds >= self.next_progress_s:
            self.next_progress_s = seconds + PROGRESS_EVERY_S
            say(f"  {seconds:.0f} s: {self.lines[-1][1].strip()[:100] if self.lines else 'starting'}")
        try:
            line = self.came.get(timeout=wait_s)
        except queue.Empty:
            return True
        if line is None:
            return False
        self.lines.append(line)
        return True

    def finish(self, limit_s):
        while self.take(1):
            if time.monotonic() - self.started > limit_s:
                self.kill()
                raise Failed(f"not done after {limit_s} s\n{self.tail()}")
        return self.process.wait(timeout=STOP_S)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self):
        """The end of what it said, and before that what had failed: its root is removed."""
        texts = [text for _, text in self.lines]
        failed = [text for text in texts[:-25] if "FAILED" in text or ": Failure" in text]
        return "\n".join(f"    {text}" for text in failed[:15] + texts[-25:])

    def seconds_until(self, pattern):
        return next((seconds for seconds, text in self.lines if re.search(pattern, text)), None)

    def phases(self):
        """Seconds of packages, configuring and building, as the scripts' own words divide them."""
        marks = [("packages", r"^Packages are installed"), ("configure", r"^Building "), ("build", r"^Built in ")]
        told, before = [], 0.0
        for name, pattern in marks:
            at = self.seconds_until(pattern)
            if at is not None:
                told.append(f"{name} {at - before:.0f} s")
                before = at
        return ", ".join(told)


def launcher_of(root):
    """The process id of the launcher that runs in a root."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "root") == str(root.path) and os.readlink(entry / "exe").endswith("/polybot"):
                return int(entry.name)
        except OSError:
            continue
    raise Failed("the launcher does not run")


def expect_success(command, code, what):
    if code != 0:
        raise Failed(f"{what} ended with exit code {code}\n{command.tail()}")


def expect_configured(root, clone, tests):
    cache = root.path / clone / "build/release/CMakeCache.txt"
    if f"POLYBOT_TESTS:BOOL={'ON' if tests else 'OFF'}" not in cache.read_text(encoding="utf-8"):
        raise Failed(f"{'no' if tests else 'the'} tests are configured")


def configure(base):
    told = []
    for target, tests in (("configure", False), ("configure-tests", True)):
        with base.layer(hasty=True) as root:
            root.clone(ROOT, "root/polybot")
            command = Command(root, f"cd /root/polybot && make {target}")
            expect_success(command, command.finish(LIMITS_S["configure"]), f"make {target}")
            expect_configured(root, "root/polybot", tests)
            told.append(f"{'tests' if tests else 'programs'} {time.monotonic() - command.started:.0f} s "
                        f"(packages {command.seconds_until('^Packages are installed') or 0:.0f} s)")
            again = Command(root, f"cd /root/polybot && make {target}")
            expect_success(again, again.finish(LIMITS_S["configure"]), f"the second make {target}")
            if again.lines:
                raise Failed(f"the second make {target} has something to say:\n{again.tail()}")
    return ", ".join(told)


def run(base):
    with base.layer() as root:
        root.clone(ROOT, "root/polybot")
        offset = free_offset()
        command = Command(root, f"cd /root/polybot && PORT_OFFSET={offset} make run")
        try:
            # Interrupted before it has said that it is ready, a start has failed, whatever has been traded.
            while not command.seconds_until("^ready: ") or no_fill_at(f"http://127.0.0.1:{API_PORT + offset}"):
                if not command.take(1):
                    raise Failed(f"make run ended before its first fill\n{command.tail()}")
                if time.monotonic() - command.started > LIMITS_S["run"]:
                    raise Failed(f"no fill after {LIMITS_S['run']} s\n{command.tail()}")
            first_fill = time.monotonic() - command.started
            os.kill(launcher_of(root), signal.SIGINT)
            expect_success(command, command.finish(first_fill + STOP_S), "make run after SIGINT")
        finally:
            command.kill()
        if not any(EQUAL in text for _, text in command.lines):
            raise Failed(f"no closing line '{EQUAL}'\n{command.tail()}")
        return f"first fill after {first_fill:.0f} s ({command.phases()}); {EQUAL}"


def test(base):
    with base.layer(hasty=True) as root:
        root.clone(ROOT, "root/polybot")
        command = Command(root, "cd /root/polybot && make test")
        code = command.finish(LIMITS_S["test"])
        expect_success(command, code, "make test")
        passed = next((text for _, text in reversed(command.lines) if "tests passed" in text), "")
        return f"{time.monotonic() - command.started:.0f} s ({command.phases()}); {passed}"


def sudo(base):
    with base.layer(hasty=True) as root:
        prepare = Command(root, "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -qy sudo && "
                          f"useradd --create-home {USER} && "
                          f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}")
        expect_success(prepare, prepare.finish(LIMITS_S["sudo"]), "making a user with sudo")
        clone = f"home/{USER}/polybot"
        root.clone(ROOT, clone)
        own = Command(root, f"chown -R {USER}: /{clone}")
        expect_success(own, own.finish(LIMITS_S["sudo"]), "chown")
        for target, tests in (("configure", False), ("configure-tests", True)):
            command = Command(root, f"cd /{clone} && make {target}", USER)
            expect_success(command, command.finish(LIMITS_S["sudo"]), f"make {target} as a user")
            expect_configured(root, clone, tests)
        return "programs, then tests, configured by a user"


def wanted(variable, known):
    chosen = os.environ.get(variable, "").split() or known
    for name in chosen:
        if name not in known:
            sys.exit(f"bare-test: {variable} knows no '{name}' ({' '.join(known)}).")
    return chosen


def attempt(what, body):
    """Whether it went well; tells how it went."""
    try:
        say(f"{what}: {body()}")
        return True
    except (Failed, OSError, subprocess.SubprocessError) as reason:
        say(f"{what}: FAILED: {reason}")
        return False


def try_steps(base, steps):
    """Whether each of the steps went well."""
    results = []
    for step in steps:
        warm = " [packages downloaded before]" if any(base.archives.glob("*.deb")) else ""
        before = f" [before: {BEFORE[step]}]" if step in BEFORE else ""
        body = {"configure": configure, "run": run, "test": test, "sudo": sudo}[step]
        results.append(attempt(f"{base.system.name}: {step}", lambda: body(base) + before + warm))
    return results


def main():
    steps = wanted("STEPS", STEPS)
    keys = wanted("SYSTEMS", [system.key for system in SYSTEMS])
    if why := unmet_need():
        print(f"bare-test: skipped, for {why}.")
        print(f"0 passed, 0 failed, {len(keys) * len(steps)} skipped")
        return 0
    folder = isolate()
    head = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "log", "-1", "--format=%h"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    say(f"{head} (what is not committed is not tested), below {folder}")
    results = []
    skipped = 0
    for system in (system for system in SYSTEMS if system.key in keys):
        say(f"{system.name}: making an empty one")
        try:
            base = Base(system, folder, PACKAGES)
        except NotServed as reason:
            say(f"{system.name}: skipped, this machine's package source does not serve it ({reason})")
            skipped += len(steps)
            continue
        except (Failed, OSError, subprocess.SubprocessError) as reason:
            say(f"{system.name}: FAILED: {reason}")
            results.append(False)
            continue
        say(f"{system.name}: empty system made in {base.seconds:.0f} s")
        results += try_steps(base, steps)
        steps = [step for step in steps if step != "sudo"]  # it does not depend on the system
        base.remove()
    passed = sum(results)
    print(f"{passed} passed, {len(results) - passed} failed, {skipped} skipped")
    return 0 if passed and all(results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("bare-test: stopped; nothing is left behind.", file=sys.stderr)
        sys.exit(130)
    except Failed as failure:
        print(f"bare-test: {failure}", file=sys.stderr)
        sys.exit(1)
