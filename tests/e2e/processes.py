"""The processes of a run: the stack under its launcher, Prometheus and Alertmanager, and who is notified.

Everything listens on loopback, on ports chosen for this run, and keeps its files in one folder of this run.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "release" / "bin"
PORTS = (8000, 8001, 8002, 8003, 8010, 8080, 8090)  # of the stack, before the offset

_started = time.monotonic()


class Failed(Exception):
    """A condition did not come about in time, or a process ended: one line for the person watching."""


def say(text):
    """One progress line, with the seconds since the start."""
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", flush=True)


def wait_until(what, condition, seconds=60.0, every=0.25):
    """Asks condition() until it returns None, not what is missing; returns how long it took."""
    begun = time.monotonic()
    say_next = begun + 10
    while True:
        missing = condition()
        now = time.monotonic()
        if missing is None:
            return now - begun
        if now - begun > seconds:
            raise Failed(f"{what}: not within {seconds:g} s ({missing})")
        if now >= say_next:
            say(f"  waiting: {what} ({missing})")
            say_next = now + 10
        time.sleep(every)


def request(url, method="GET", body=None, headers=None, timeout=10.0):
    """(status, text); status 0 when there is no answer."""
    data = None if body is None else json.dumps(body).encode()
    made = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(made, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, urllib.error.URLError) as error:
        return 0, str(error)


def listening(api, topics=("status",)):
    """An open WebSocket session of the API, as a context; no session where nobody answers. Nobody reads it."""
    place = urllib.parse.urlsplit(api)
    try:
        session = socket.socket()
        session.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        session.settimeout(3)
        session.connect((place.hostname, place.port))
        session.sendall(f"GET /ws HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        session.recv(4096)
        text = json.dumps({"subscribe": list(topics)}).encode()
        session.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)  # masked, with a mask of zeros
        return session
    except OSError:
        return contextlib.nullcontext()


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_offset():
    """An offset at which every port of a stack is free."""
    for offset in range(20000, 45000, 200):
        if all(_is_free(port + offset) for port in PORTS):
            return offset
    raise Failed("no free range of ports for a stack")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def changed_configuration(folder, changes):
    """A copy of the shipped configuration in which {file: {key: value}} differ; the keys must exist."""
    shutil.copytree(ROOT / "deploy" / "config", folder, dirs_exist_ok=True)
    for name, values in changes.items():
        text = (folder / name).read_text()
        for key, value in values.items():
            text, count = re.subn(rf"(?m)^({re.escape(key)} *= *)(\"[^\"]*\"|[^\s#]+)", rf"\g<1>{value}", text)
            if count == 0:
                raise Failed(f"{name} has no key {key}")
        (folder / name).write_text(text)
    return folder


class Stack:
    """`polybot run` on a data folder of its own."""

    SERVICES = ("venue-simulator", "metrics-aggregator", "order-manager", "gateway", "strategy-runner")

    def __init__(self, folder, configuration=None):
        self.folder = folder
        self.data = folder / "data"
        offset = free_offset()
        self.aggregator = f"http://127.0.0.1:{8000 + offset}"
        self.api = f"http://127.0.0.1:{8080 + offset}"
        self.simulator = f"http://127.0.0.1:{8003 + offset}"
        self._output = folder / "stack.out"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"DATA": str(self.data), "PORT_OFFSET": str(offset)}
        if configuration is not None:
            environment["CONFIG"] = str(configuration)
        with open(self._output, "w") as output:
            self._process = subprocess.Popen([PROGRAMS / "polybot", "run"], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def wait_ready(self):
        wait_until("every service is ready", self._not_ready_text, 60)

    def _not_ready_text(self):
        if self._process.poll() is not None:
            raise Failed("the stack ended: " + self._output.read_text().strip().splitlines()[-1])
        return None if "\nready: " in self._output.read_text() else "starting"

    # ---- processes ----

    def pid(self, service):
        """Of the service's present process; None while it is being restarted."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            try:
                program = os.readlink(f"/proc/{child}/exe")
            except OSError:
                continue
            if Path(program).name == service:
                return int(child)
        return None

    def signal(self, service, number):
        pid = self.pid(service)
        if pid is None:
            raise Failed(f"{service} does not run")
        os.kill(pid, number)

    def kill(self, service):
        self.signal(service, signal.SIGKILL)

    def second(self, service, port):
        """Another process of a service under the same replica name, as a mistaken deployment would have it."""
        pid = self.pid(service)
        environment = dict(entry.split("=", 1) for entry in
                           Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry)
        environment["POLYBOT_ADMIN__PORT"] = str(port)
        environment["POLYBOT_LOG__FILE"] = str(self.folder / f"second-{service}.log")
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:-1]
        return subprocess.Popen([PROGRAMS / service, *arguments], stdin=subprocess.DEVNULL, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ---- its ports ----

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
        status, text = request(f"{self.simulator}/faults/{name}", "POST", settings)
        if status != 200:
            raise Failed(f"fault {name}: {status} {text}")

    def clear(self, name):
        status, text = request(f"{self.simulator}/faults/{name}", "DELETE")
        if status != 200:
            raise Failed(f"clearing fault {name}: {status} {text}")

    def command(self, method, path, timeout=10.0):
        """A mutating API call; returns its status."""
        token = (self.data / "secrets" / "api-token").read_text().strip()
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


class Webhook:
    """Takes Alertmanager's notifications."""

    def __init__(self):
        taken = self.notifications = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def count(self, alert, status):
        """Notifications about an alert with this status."""
        return sum(1 for notification in self.notifications for one in notification["alerts"]
                   if one["labels"]["alertname"] == alert and one["status"] == status)

    def stop(self):
        self._server.shutdown()


class Monitoring:
    """Prometheus and Alertmanager with the shipped files; `factor` > 1 runs the shipped clock so many times as fast."""

    def __init__(self, folder, stack, webhook, factor):
        self._folder = folder
        self._port, self._alertmanager_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._write_rules(stack, factor)
        self._write_alertmanager(webhook)
        self._processes = [
            self._start("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus",
                        f"--web.listen-address=127.0.0.1:{self._port}"),
            self._start("prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
                        f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
                        f"--web.listen-address=127.0.0.1:{self._alertmanager_port}")]

    def _shortened(self, name, factor):
        text = (ROOT / "deploy" / "prometheus" / name).read_text()
        if factor == 1:
            return text
        return subprocess.run([ROOT / "deploy" / "prometheus" / "shorten.sh", str(factor)], input=text, text=True,
                              check=True, capture_output=True).stdout

    def _write_rules(self, stack, factor):
        places = {"polybot:8000": stack.aggregator.removeprefix("http://"),
                  "alertmanager:9093": f"127.0.0.1:{self._alertmanager_port}",
                  "localhost:9090": f"127.0.0.1:{self._port}"}
        configuration = self._shortened("prometheus.yml", factor)
        for shipped, here in places.items():
            if shipped not in configuration:
                raise Failed(f"prometheus.yml does not name {shipped}")
            configuration = configuration.replace(shipped, here)
        (self._folder / "prometheus.yml").write_text(configuration)
        (self._folder / "alerts.yml").write_text(self._shortened("alerts.yml", factor))

    def _write_alertmanager(self, webhook):
        """The shipped routes; whom they lead to is replaced by the webhook."""
        text = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
        receiver = f"  - name: nobody\n    webhook_configs:\n      - url: {webhook.url}\n        send_resolved: true\n"
        if "  - name: nobody\n" not in text:
            raise Failed("alertmanager.yml has no receiver 'nobody'")
        text = text.replace("  - name: nobody\n", receiver)
        text = re.sub(r"(group_wait|group_interval): \S+", r"\1: 1s", text)
        (self._folder / "alertmanager.yml").write_text(text)

    def _start(self, program, *arguments):
        path = shutil.which(program)
        if path is None:
            raise Failed(f"there is no {program}: install the package that has it")
        with open(self._folder / f"{program}.log", "w") as log:
            return subprocess.Popen([path, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)

    def wait_ready(self):
        def missing():
            for process, name in zip(self._processes, ("Prometheus", "Alertmanager")):
                if process.poll() is not None:
                    raise Failed(f"{name} ended; its log is in {self._folder}")
            status, _ = request(self.url + "/-/ready", timeout=2)
            other, _ = request(f"http://127.0.0.1:{self._alertmanager_port}/-/ready", timeout=2)
            return None if status == other == 200 else "starting"

        wait_until("Prometheus and Alertmanager are ready", missing, 30)

    def ask(self, what, **query):
        status, text = request(f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(query)}", timeout=10)
        if status != 200:
            raise Failed(f"Prometheus does not answer {what}: {status} {text[:200]}")
        return json.loads(text)["data"]

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"}

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def stop(self):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
