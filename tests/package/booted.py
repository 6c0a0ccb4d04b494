"""The root, booted: systemd runs in a container with a network of its own, and polybot.target in it."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from tests.support.empty_root import HIERARCHIES, remove_group
from tests.support.stack import no_fill_at
from tests.support.waiting import Failed, wait_until

SERVICES = ("polybot-venue-simulator", "polybot-metrics-aggregator", "polybot-order-manager", "polybot-gateway",
            "polybot-strategy-runner@1", "polybot-strategy-runner@2")
# Each rank stops when the one before has stopped.
STOP_ORDER = (("polybot-strategy-runner@1", "polybot-strategy-runner@2"), ("polybot-gateway",),
              ("polybot-order-manager",), ("polybot-venue-simulator", "polybot-metrics-aggregator"))
# What each sees of /var/lib/polybot.
OWN_DATA = {"polybot-venue-simulator": "exchange", "polybot-metrics-aggregator": "metrics",
            "polybot-order-manager": "journal", "polybot-gateway": "gateway", "polybot-strategy-runner@1": ""}
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=3).read().decode())"


def _cgroups():
    """Where the unified hierarchy is; None when there is none that can be written."""
    for folder in HIERARCHIES:
        if folder.name != "systemd" and (folder / "cgroup.procs").exists() and os.access(folder, os.W_OK):
            return folder
    return None


def cannot_boot():
    if shutil.which("systemd-nspawn") is None:
        return "there is no systemd-nspawn (apt-get install systemd-container)"
    return None if _cgroups() else "no unified cgroup hierarchy can be written here"


class Booted:
    def __init__(self, root, name):
        """`name` is that of its control groups."""
        self._root = root
        self._name = name
        self._process = None
        self._system = None
        self._groups = []

    def __enter__(self):
        self._root.leave()
        # In groups of our own: a systemd of this machine, asked for one, would be told a process id of our namespace.
        words = ["systemd-nspawn", "--keep-unit", "--quiet", "--boot", "--private-network", "--register=no",
                 "--console=pipe", "-D", str(self._root.path)]
        for hierarchy in {_cgroups(), Path("/sys/fs/cgroup/systemd")}:
            if (hierarchy / "cgroup.procs").exists():
                self._groups.append(hierarchy / self._name)
                self._groups[-1].mkdir()

        def join():
            for group in self._groups:
                (group / "cgroup.procs").write_text("0")
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, preexec_fn=join, start_new_session=True,
                                         env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                                              # No other process boots it, and a lock would outlive a kill.
                                              "SYSTEMD_NSPAWN_LOCK": "0"})
        try:
            wait_until("systemd is up in the root", self._not_up, 90)
        except Failed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._system is not None and self._process.poll() is None:
            self.run("systemctl", "poweroff")
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for group in self._groups:
            remove_group(group)
        self._root.enter()

    def _not_up(self):
        if self._process.poll() is not None:
            raise Failed("systemd-nspawn ended; try it by hand: systemd-nspawn --boot -D folder")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if not children:
            return "nothing runs yet"
        self._system = children[0]
        code, said = self.run("systemctl", "is-system-running")
        return None if said.strip() in ("running", "degraded") else said.strip() or "no answer"

    # ---- in it ----

    def run(self, *words, spaces="-a"):
        done = subprocess.run(["nsenter", "-t", self._system, spaces, "--", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
        return done.returncode, done.stdout

    def must(self, *words):
        code, said = self.run(*words)
        if code != 0:
            raise Failed(f"{' '.join(words)}: exit code {code}: {said.strip()[-600:]}")
        return said

    def show(self, unit, name):
        return self.must("systemctl", "show", "-P", name, unit).strip()

    def fetch(self, url):
        """The text at that address; empty without an answer."""
        code, said = self.run("/usr/bin/python3", "-c", FETCH, url, spaces="-n")
        return said if code == 0 else ""

    def journal(self, unit):
        return self.run("journalctl", "-u", unit, "-n", "12", "--no-pager", "-o", "cat")[1].strip()

    # ---- the test ----

    def trade(self):
        code, said = self.run("systemctl", "is-active", "polybot.target")
        if code == 0:
            raise Failed(f"the installation started polybot.target ({said.strip()})")
        self.must("systemctl", "enable", "--now", "polybot.target")
        fill = wait_until("polybot.target trades", self._no_fill, 120)
        self.must("systemctl", "start", "polybot-strategy-runner@2")
        wait_until("all are ready", self._not_ready, 30)
        self._check_what_they_see()
        for service in SERVICES:
            if (restarts := self.show(service, "NRestarts")) != "0":
                raise Failed(f"{service} was restarted {restarts} times: " + self.journal(service))
        self._restarts("polybot-gateway", signal.SIGKILL)
        self._restarts("polybot-strategy-runner@2", signal.SIGSTOP)
        wait_until("all are ready", self._not_ready, 60)
        return f"first fill after {fill:.1f} s; a killed and a frozen process came back"

    def upgrade(self, package):
        """Running services must run on with the new programs."""
        before = {service: self.show(service, "MainPID") for service in SERVICES}
        self.must("dpkg", "-i", package)

        def not_new():
            now = {service: self.show(service, "MainPID") for service in SERVICES}
            old = [service for service in SERVICES if now[service] in ("0", before[service])]
            return f"still to come: {', '.join(old)}" if old else None
        wait_until("all run again after an upgrade", not_new, 90)
        wait_until("all are ready", self._not_ready, 60)

    def stop(self):
        # Waits for the target alone; its services stop in their order meanwhile.
        self.must("systemctl", "stop", "polybot.target")
        took = wait_until("all have stopped", self._not_stopped, 90)
        self._check_stop()
        self.must("polybot-order-manager", "verify", "/var/lib/polybot/journal/journal.db")
        return f"stopped in order within {took:.1f} s"

    def _no_fill(self):
        for service in SERVICES[:4]:
            if (result := self.show(service, "Result")) != "success":
                raise Failed(f"{service}: {result}: " + self.journal(service))
        return no_fill_at("http://127.0.0.1:8080", self.fetch)

    def _not_ready(self):
        return None if self.fetch("http://127.0.0.1:8000/health/ready/stack") else "not ready"

    def _not_stopped(self):
        states = [self.show(service, "ActiveState") for service in SERVICES]
        return None if all(state in ("inactive", "failed") for state in states) else " ".join(states)

    def _check_what_they_see(self):
        for service, own in OWN_DATA.items():
            pid = self.show(service, "MainPID")
            seen = self.must("ls", f"/proc/{pid}/root/var/lib/polybot").split()
            if seen != ([own] if own else []):
                raise Failed(f"{service} sees {seen} in /var/lib/polybot")
            code, said = self.run("sh", "-c", f"cat /proc/{pid}/root/run/credentials/*/venue-key")
            if (code == 0) != (service == "polybot-order-manager"):
                raise Failed(f"{service} and the venue key: {said.strip()[:200] if code else 'it can read it'}")
        folder = "/var/lib/polybot/venue-key"
        modes = self.must("stat", "-c", "%U %a", folder, f"{folder}/key").strip().split("\n")
        if modes != ["root 700", "root 600"]:
            raise Failed(f"the venue key's folder and file are {modes}")

    def _restarts(self, service, number):
        pid = self.show(service, "MainPID")
        self.must("systemctl", "kill", "--kill-whom=main", f"--signal={number.name}", service)

        def not_back():
            now = self.show(service, "MainPID")
            return None if now not in ("0", pid) and self.show(service, "ActiveState") == "active" else f"process {now}"
        wait_until(f"{service} is back after {number.name}", not_back, 90)

    def _check_stop(self):
        previous = 0
        for rank in STOP_ORDER:
            times = []
            for service in rank:
                state = self.show(service, "ActiveState")
                status = self.show(service, "ExecMainStatus")
                if (state, status) != ("inactive", "0"):
                    raise Failed(f"{service} is {state} with exit code {status}: " + self.journal(service))
                times.append(int(self.show(service, "ExecMainExitTimestampMonotonic")))
            if min(times) < previous:
                raise Failed(f"{' and '.join(rank)} stopped before what depends on them")
            previous = max(times)
