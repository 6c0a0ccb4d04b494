"""The stack under its launcher, on loopback and on ports chosen for this run."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.waiting import BUILD, ROOT, Failed, wait_until

PROGRAMS = BUILD / "release" / "bin"
FIRST_FILL = "/api/v1/fills?limit=1"
# Of the stack, before the offset; those from 5550 on with the bus over TLS alone.
PORTS = (*range(8000, 8004), *range(8010, 8026), 8080, 8090, *range(5550, 5553), *range(5560, 5564), *range(5572, 5578))


# What is asked is on loopback; a proxy does not know that.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def request(url, method="GET", body=None, headers=None, timeout=10.0):
    """(status, text); status 0 when there is no answer."""
    data = None if body is None else json.dumps(body).encode()
    made = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with _direct.open(made, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, urllib.error.URLError) as error:
        return 0, str(error)


def fetch(url):
    """The text at that address; empty without an answer."""
    status, text = request(url, timeout=3)
    return text if status == 200 else ""


def no_fill_at(api, fetch=fetch):
    """Why there is no fill yet; None when there is one. A caller outside the stack gives its own `fetch`."""
    text = fetch(api + FIRST_FILL)
    if not text:
        return "the API does not answer yet"
    return None if json.loads(text).get("fills") else "no fill yet"


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_offset(first=10000, ports=PORTS):
    """An offset at which all `ports`, by default those of a stack, are free: the caller's PORT_OFFSET or `first`, or
    the next that will do."""
    for offset in range(int(os.environ.get("PORT_OFFSET") or first), 24600, 100):
        if all(_is_free(port + offset) for port in ports):
            return offset
    raise Failed("no free range of ports for a stack")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def changed_configuration(folder, changes):
    """A copy of the shipped configuration in which {file: {key: value}} differ; the keys must exist.

    A key stands for itself in every section, "[section] key" for the one in that section.
    """
    shutil.copytree(ROOT / "deploy" / "config", folder, dirs_exist_ok=True)
    for name, values in changes.items():
        text = (folder / name).read_text()
        for key, value in values.items():
            section, _, own = key.rpartition("] ")
            place = rf"^{re.escape(section)}\][^\n]*\n(?:(?!\[)[^\n]*\n)*?" if section else "^"
            text, count = re.subn(rf"(?m)({place}{re.escape(own)} *= *)(\"[^\"]*\"|[^\s#]+)", rf"\g<1>{value}", text)
            if count == 0:
                raise Failed(f"{name} has no key {key}")
        (folder / name).write_text(text)
    return folder


def environment_of(pid):
    """The environment a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


class Stack:
    """`polybot run` on a data folder of its own."""

    SERVICES = ("venue-simulator", "metrics-aggregator", "order-manager", "gateway", "strategy-runner")

    def __init__(self, folder, configuration=None, settings=None, programs=PROGRAMS):
        self.folder = folder
        self._programs = programs
        self.data = folder / "data"
        self.offset = offset = free_offset()
        self.aggregator = f"http://127.0.0.1:{8000 + offset}"
        self.api = f"http://127.0.0.1:{8080 + offset}"
        self._places = {"metrics-aggregator": self.aggregator, "api": self.api,
                        "order-manager": f"http://127.0.0.1:{8002 + offset}",
                        "venue-simulator": f"http://127.0.0.1:{8003 + offset}"}
        self._output = folder / "stack.out"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"DATA": str(self.data), "PORT_OFFSET": str(offset)}
        environment |= settings or {}
        if configuration is not None:
            environment["CONFIG"] = str(configuration)
        with open(self._output, "w") as output:
            self._process = subprocess.Popen([programs / "polybot", "run"], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def wait_ready(self):
        wait_until("every service is ready", self.not_started, 60)

    def not_started(self):
        if self._process.poll() is not None:
            raise Failed("the stack ended: " + self._output.read_text().strip().splitlines()[-1])
        return None if "\nready: " in self._output.read_text() else "starting"

    def said(self):
        """All that the launcher has said."""
        return self._output.read_text(errors="replace")

    # ---- processes ----

    @property
    def launcher(self):
        """Process id of the launcher, which restarts processes that end."""
        return self._process.pid

    def children(self):
        """{replica: (service, process id)} of the launcher's present processes; one being restarted is missing."""
        found = {}
        for child in Path(f"/proc/{self.launcher}/task/{self.launcher}/children").read_text().split():
            try:
                program = Path(Path(f"/proc/{child}/cmdline").read_text().split("\0")[0]).name
                replica = environment_of(int(child)).get("POLYBOT_REPLICA")
            except PermissionError:
                replica = program  # order-manager hides its environment; it has one replica, of its own name
            except OSError:
                continue
            if replica is not None:
                found[replica] = (program, int(child))
        return found

    def is_between_processes(self):
        """Whether a child of the launcher does not run its program yet, or was killed and has not let go of its files:
        that is when the last of its threads has ended."""
        launchers = Path(f"/proc/{self.launcher}/cmdline").read_text()
        for child in Path(f"/proc/{self.launcher}/task/{self.launcher}/children").read_text().split():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_text()
                if words == launchers or (not words and len(os.listdir(f"/proc/{child}/task")) > 1):
                    return True
        return False

    def pid(self, service):
        """Of the service's present process; None while it is being restarted."""
        return next((pid for name, pid in self.children().values() if name == service), None)

    def signal(self, service, number):
        pid = self.pid(service)
        if pid is None:
            raise Failed(f"{service} does not run")
        os.kill(pid, number)

    def kill(self, service):
        self.signal(service, signal.SIGKILL)

    def second(self, service, port, **overrides):
        """Another process of a service, as a mistaken deployment would have it: under the same replica name, unless
        `overrides`, variables of its environment, say otherwise."""
        pid = self.pid(service)
        environment = environment_of(pid)
        environment["POLYBOT_ADMIN__PORT"] = str(port)
        environment["POLYBOT_LOG__FILE"] = str(self.folder / f"second-{service}.log")
        environment.update(overrides)
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:-1]
        return subprocess.Popen([self._programs / service, *arguments], stdin=subprocess.DEVNULL, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @property
    def bus(self):
        """The folder of the sockets: DATA/bus, or where that leads to when its path is too long for a socket's."""
        return (self.data / "bus").resolve()

    # ---- its ports ----

    def place(self, name):
        """The URL of a service's admin port, or of the place "api"."""
        return self._places[name]

    def ask(self, place, path, method="GET", timeout=10.0):
        """(status, text) of a service's admin port, or of the place "api"; status 0 without an answer."""
        return request(self._places[place] + path, method, timeout=timeout)

    def metrics(self):
        """The text of a scrape; None while the aggregator does not answer."""
        status, text = request(self.aggregator + "/metrics", timeout=3)
        return text if status == 200 else None

    def not_ready(self):
        status, text = request(self.aggregator + "/health/ready/stack", timeout=3)
        if status == 0:
            return "the aggregator does not answer"
        return None if status == 200 else text[:200]

    def fault(self, name, **settings):
        status, text = request(f"{self._places['venue-simulator']}/faults/{name}", "POST", settings, timeout=3)
        if status != 200:
            raise Failed(f"fault {name}: {status} {text}")

    def clear(self, name):
        status, text = self.ask("venue-simulator", f"/faults/{name}", "DELETE")
        if status != 200:
            raise Failed(f"clearing fault {name}: {status} {text}")

    def scale(self, runners):
        """Asks the launcher for so many runners; they come and go within seconds."""
        done = subprocess.run([self._programs / "polybot", "scale", str(runners)], capture_output=True, text=True,
                              timeout=20, env={**os.environ, "DATA": str(self.data)}, check=False)
        if done.returncode != 0:
            raise Failed(f"scaling to {runners} runners: {(done.stderr or done.stdout).strip()[:200]}")

    def replicas(self, service):
        """Names of the present ones."""
        return sorted(replica for replica, (name, _) in self.children().items() if name == service)

    def journal_fold(self):
        """What order-manager says of the journal when it folds it again."""
        file = self.data / "journal" / "journal.db"
        done = subprocess.run([self._programs / "order-manager", "verify", "--json", "--orders", file],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Failed(f"the journal's fold is broken: {(done.stderr or done.stdout).strip()[:300]}")
        return done.stdout

    def journal_export(self, what):
        """The rows of `order-manager export`, as text."""
        file = self.data / "journal" / "journal.db"
        done = subprocess.run([self._programs / "order-manager", "export", what, "--csv", file],
                              capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode != 0:
            raise Failed(f"{what} cannot be exported: {(done.stderr or done.stdout).strip()[:300]}")
        return done.stdout

    def screen_counts(self):
        """{status: orders} of the newest line that the launcher shows where there is no terminal; {} before it."""
        lines = [line for line in self._output.read_text(errors="replace").splitlines() if "; orders: " in line]
        if not lines:
            return {}
        shown = lines[-1].split("; orders: ")[1].split(";")[0]
        return {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", shown)}

    def token(self):
        """The API token called default."""
        return (self.data / "secrets" / "api-token").read_text().strip()

    def command(self, method, path, timeout=10.0, token=None):
        """A mutating API call, with the default token or the one given; returns its status."""
        token = token or self.token()
        return request(self.api + path, method, headers={"Authorization": f"Bearer {token}"}, timeout=timeout)[0]

    def stop(self):
        """Stops the stack as Ctrl-C does; its exit code and its last lines."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return code, self._output.read_text().strip().splitlines()[-10:]
