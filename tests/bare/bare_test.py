#!/usr/bin/env python3
"""Both commands of the README, each in an empty system: `make run` until it trades and Ctrl-C, `make test`.

  STEPS='configure run test sudo'   these alone (all of them without it)
    configure   packages and cmake for `make run`, then for `make test`, in a root each
    run         `make run` without a terminal to the first fill, SIGINT, exit code 0, equal books
    test        `make test`
    sudo        what configure does, as a user with sudo (in the first system alone)
  SYSTEMS='debian12 debian13 ubuntu24.04'   these alone

Needs root and debootstrap; says what it skips. Takes packages from where this machine takes them; a package that an
earlier root of the same system has downloaded is not downloaded again, and the report says so. What it makes lies
below TMPDIR (or /var/tmp): some 4 GB a system, removed at the end."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import roots

CHECKOUT = Path(__file__).resolve().parents[2]
STEPS = ["configure", "run", "test", "sudo"]
LIMITS_S = {"configure": 1200, "run": 3600, "test": 7200, "sudo": 1200}
STOP_S = 120
METRICS_PORT = 8000
# Every port that a stack takes is one of these thousand above its offset.
PORTS = [8000, 8001, 8002, 8003, 8080]
EQUAL = "venue == journal == metrics"
USER = "stranger"


class Failed(Exception):
    pass


class Command:
    """A shell line in a root, whose output is read with the time at which each line came."""

    def __init__(self, root, line, user=None):
        self.started = time.monotonic()
        self.lines = []  # (seconds, text)
        self.process = subprocess.Popen(root.words(line, user), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self.came = queue.Queue()
        self.next_progress_s = roots.PROGRESS_EVERY_S
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for text in self.process.stdout:
            self.came.put((time.monotonic() - self.started, text.rstrip()))
        self.came.put(None)

    def take(self, wait_s):
        """Takes what came within a time; false when the output has ended."""
        seconds = time.monotonic() - self.started
        if seconds >= self.next_progress_s:
            self.next_progress_s = seconds + roots.PROGRESS_EVERY_S
            print(f"    {seconds:.0f} s: {self.lines[-1][1].strip()[:100] if self.lines else 'starting'}", flush=True)
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
        return "\n".join(f"    {text}" for _, text in self.lines[-25:])

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


def free_offset():
    """An offset at which nobody listens: roots share the network of this machine."""
    for offset in range(11000, 50000, 1000):
        try:
            for port in PORTS:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return offset
        except OSError:
            continue
    raise Failed("no free ports")


def fills(port):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return 0
    return sum(float(value) for value in re.findall(r"^polybot_fills_total\{[^}]*\} (\S+)$", text, re.MULTILINE))


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
        with base.layer() as root:
            root.clone(CHECKOUT, "root/polybot")
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
        root.clone(CHECKOUT, "root/polybot")
        offset = free_offset()
        command = Command(root, f"cd /root/polybot && PORT_OFFSET={offset} make run")
        try:
            while not fills(METRICS_PORT + offset):
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
    with base.layer() as root:
        root.clone(CHECKOUT, "root/polybot")
        command = Command(root, "cd /root/polybot && make test")
        code = command.finish(LIMITS_S["test"])
        expect_success(command, code, "make test")
        passed = next((text for _, text in reversed(command.lines) if "tests passed" in text), "")
        return f"{time.monotonic() - command.started:.0f} s ({command.phases()}); {passed}"


def sudo(base):
    with base.layer() as root:
        prepare = Command(root, "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -qy sudo && "
                          f"useradd --create-home {USER} && "
                          f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}")
        expect_success(prepare, prepare.finish(LIMITS_S["sudo"]), "making a user with sudo")
        clone = f"home/{USER}/polybot"
        root.clone(CHECKOUT, clone)
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


def main():
    steps = wanted("STEPS", STEPS)
    keys = wanted("SYSTEMS", [system.key for system in roots.SYSTEMS])
    for lack, words in ((os.geteuid() != 0, "it needs root"),
                        (not shutil.which("debootstrap"), "there is no debootstrap"),
                        (not shutil.which("apt-config"), "there is no apt")):
        if lack:
            print(f"bare-test: skipped, for {words}.")
            return 0
    folder = roots.isolate()
    head = subprocess.run(["git", "-C", CHECKOUT, "log", "-1", "--format=%h"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    print(f"bare-test: {head} (what is not committed is not tested), below {folder}", flush=True)
    failed = passed = skipped = 0
    sudo_tried = False
    for system in (system for system in roots.SYSTEMS if system.key in keys):
        try:
            print(f"{system.name}: making an empty one", flush=True)
            base = roots.Base(system, folder)
        except roots.NotServed as reason:
            print(f"{system.name}: skipped, this machine's package source does not serve it ({reason})", flush=True)
            skipped += 1
            continue
        except (roots.NotMade, OSError, subprocess.SubprocessError) as reason:
            print(f"{system.name}: FAILED: {reason}", flush=True)
            failed += 1
            continue
        print(f"{system.name}: empty system made in {base.seconds:.0f} s", flush=True)
        for step in steps:
            if step == "sudo" and sudo_tried:
                continue
            sudo_tried = sudo_tried or step == "sudo"
            warm = any(base.archives.glob("*.deb"))
            try:
                told = {"configure": configure, "run": run, "test": test, "sudo": sudo}[step](base)
                print(f"{system.name}: {step}: {told}{' [packages downloaded before]' if warm else ''}", flush=True)
                passed += 1
            except (Failed, OSError, subprocess.SubprocessError) as reason:
                print(f"{system.name}: {step}: FAILED: {reason}", flush=True)
                failed += 1
        shutil.rmtree(base.folder, ignore_errors=True)
    print(f"bare-test: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("bare-test: stopped; nothing is left behind.", file=sys.stderr)
        sys.exit(130)
