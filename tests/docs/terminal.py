"""A folder that looks like a checkout which is built already, and a shell in it.

What is typed there is the document's own text, but for what would meet somebody else: ports are moved by an offset of
this run, and /tmp/ and /srv/ are folders below this one. What installs packages and compiles does nothing here; `make
bare-test` tries that on empty systems.
"""

import os
import re
import shutil
import signal
import subprocess
import urllib.parse

from tests.support.stack import PORTS, fetch, free_offset
from tests.support.waiting import ROOT, Failed, wait_until

MONITORING_PORTS = (9090, 9093)
SECOND_STACK = 100  # the PORT_OFFSET of the documents
STOP_SECONDS = 60
TYPE_SECONDS = 60
_OF_THE_CALLER = re.compile(r"MAKE|MFLAGS|BUILD|DATA$|SEED|EDGE$|SPEED$|CONFIG$|MODE$|RECORDING$|RUNNERS$|POLYBOT_|"
                            r"LOG_FORMAT$|PORT_OFFSET$|JOBS$")


def ports_typed():
    """Those of both stacks that the documents start, and of their monitoring; before the offset."""
    return (*PORTS, *(port + SECOND_STACK for port in PORTS), *MONITORING_PORTS)


class Terminal:
    def __init__(self, folder, programs):
        self.folder = folder
        # Tests run side by side: two that look at the same time must not find the same.
        self.offset = free_offset(10000 + os.getpid() % 100 * 100, ports_typed())
        self._running = []
        self._number = 0
        shutil.copytree(ROOT / "deploy", folder / "deploy", symlinks=True)
        shutil.copy(ROOT / "Makefile", folder)
        for script in ("build.sh", "install-packages.sh"):
            (folder / "deploy" / script).write_text("#!/bin/sh\n")
        (folder / "build" / "release").mkdir(parents=True)
        (folder / "build" / "release" / "bin").symlink_to(programs)
        for name in ("tmp", "srv"):
            (folder / name).mkdir()
        self._environment = {name: value for name, value in os.environ.items() if not _OF_THE_CALLER.match(name)}
        self._environment |= {"PORT_OFFSET": str(self.offset), "API": f"http://127.0.0.1:{8080 + self.offset}",
                              "LC_ALL": "C.UTF-8", "no_proxy": "127.0.0.1"}

    def moved(self, command):
        """The command as it is typed here."""
        command = re.sub(r"(127\.0\.0\.1|localhost):(\d+)",
                         lambda found: f"{found[1]}:{self.port(int(found[2]))}", command)
        command = re.sub(r"PORT_OFFSET=(\d+)", lambda found: f"PORT_OFFSET={self.offset + int(found[1])}", command)
        return re.sub(r"(?<![\w.])/(tmp|srv)/", lambda found: f"{self.folder}/{found[1]}/", command)

    def port(self, number):
        return number + self.offset if number in ports_typed() else number

    def fetch(self, port, path):
        """The answer of a port of the document, as text; empty without an answer."""
        return fetch(f"http://127.0.0.1:{self.port(port)}" + urllib.parse.quote(path, safe="/?=&-._~"))

    def token(self):
        file = self.folder / "data/sim/secrets/api-token"
        return file.read_text().strip() if file.exists() else ""

    def type(self, command):
        """Types a command that ends by itself: its exit code, and what it prints."""
        try:
            done = subprocess.run(["sh", "-c", self.moved(command)], cwd=self.folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TYPE_SECONDS,
                                  env={**self._environment, "TOKEN": self.token()}, check=False)
        except subprocess.TimeoutExpired as expired:
            raise Failed(f"it did not end within {TYPE_SECONDS} s") from expired
        return done.returncode, done.stdout

    def start(self, command):
        """Types a command that goes on until it is stopped."""
        self._number += 1
        job = Job(self.moved(command.removesuffix("&")), self.folder, self._environment,
                  self.folder / f"job-{self._number}.out")
        self._running.append(job)
        return job

    def close(self):
        for job in reversed(self._running):
            job.end()


class Job:
    def __init__(self, command, folder, environment, output):
        self._output = output
        with open(output, "w", encoding="utf-8") as file:
            self._process = subprocess.Popen(["sh", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=file,
                                             stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def output(self):
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what, condition, seconds):
        def missing():
            if self._process.poll() is not None:
                raise Failed("it ended: " + " / ".join(self.output().strip().splitlines()[-3:]))
            return condition()
        wait_until(what, missing, seconds)

    def interrupt(self):
        """Ctrl-C: the exit code."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            code = self._process.wait(STOP_SECONDS)
            return code if code >= 0 else 128 - code  # as a shell tells of a signal
        except subprocess.TimeoutExpired as expired:
            self.end()
            raise Failed(f"it did not stop within {STOP_SECONDS} s of Ctrl-C") from expired

    def end(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
