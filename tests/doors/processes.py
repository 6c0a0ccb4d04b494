"""One program alone, on a folder and ports of its own, as a user without powers where this one is root."""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.stack import PROGRAMS, free_port, request
from tests.support.waiting import ROOT, Failed, wait_until

NOBODY = 65534


def is_root():
    return os.geteuid() == 0


class Folder:
    """For one test; what is in it belongs to the user without powers."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="polybot-doors-"))
        shutil.copytree(ROOT / "deploy" / "config", self.path / "config")
        self.give("")

    def give(self, name):
        """Hands a file or folder, and all in it, to that user."""
        top = self.path / name
        for path in (top, *top.rglob("*")):
            if is_root():
                os.chown(path, NOBODY, NOBODY)
        return top

    def write(self, name, content, mode=0o600):
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return self.give(name)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Program:
    """Its name, as in build/release/bin. Any core dump it leaves lies in its folder, and may be of any size."""

    def __init__(self, name, folder, settings):
        self.folder = folder
        self.output = folder.path / f"{name}.out"
        self.admin = f"http://127.0.0.1:{free_port()}"
        # A copy: the user without powers may not reach the build tree.
        program = folder.path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        shutil.copy(PROGRAMS / name, program)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("POLYBOT_")}
        environment |= {"POLYBOT_ADMIN__PORT": self.admin.rpartition(":")[2], **settings}
        with open(self.output, "w") as output:
            self._process = subprocess.Popen(
                [program, "--config", folder.path / "config" / f"{name}.toml"], env=environment, cwd=folder.path,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=without_powers)
        self.pid = self._process.pid
        self.status = None
        self.usage = None

    def said(self):
        return self.output.read_text(errors="replace")

    def wait_alive(self):
        def missing():
            if self.ended():
                raise Failed(f"it ended: {self.said().strip()[-300:]}")
            return None if request(self.admin + "/health/live", timeout=3)[0] == 200 else "it does not answer yet"
        wait_until("it answers", missing, 60)

    def ended(self):
        """Whether it has; then `status` and `usage` are as wait4(2) gives them."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid != 0:
                self.status, self.usage = status, usage
                self._process.returncode = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait_end(self):
        wait_until("it ends", lambda: None if self.ended() else "it runs", 60)
        return self.status

    def stop(self):
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            self.wait_end()

    def peak_mib(self):
        """The most memory it has had, while it runs."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
        raise Failed("the system does not say how much memory it has had")


def without_powers():
    """Becomes a user without powers who may leave core dumps; for a child between fork and exec."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
    if os.geteuid() == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
