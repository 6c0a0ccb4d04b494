"""Prometheus and Alertmanager, which watch the stack in a run, and the receiver of notifications.

Everything listens on loopback, on ports chosen for this run, and keeps its files in one folder of this run.
"""

import contextlib
import http.server
import json
import math
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from tests.support.stack import free_port, request
from tests.support.waiting import ROOT, Failed, wait_until


def listening(api, topics=("status",)):
    """An open WebSocket session of the API, as a context, which is not read; no session without an answer."""
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


def same_labels(having, **wanted):
    """Whether an alert's labels have these values; a label that is not asked for may have any."""
    return all(having.get(name) == value for name, value in wanted.items())


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

    def count(self, alert, status, since=0, **labels):
        """Notifications about an alert with this status, but for so many first ones."""
        return sum(1 for notification in self.notifications[since:] for one in notification["alerts"]
                   if one["status"] == status and same_labels(one["labels"], alertname=alert, **labels))

    def stop(self):
        self._server.shutdown()


class Monitoring:
    """Prometheus and Alertmanager with the shipped files; `factor` > 1 runs the shipped clock so many times as fast."""

    def __init__(self, folder, stack, webhook, factor):
        self._folder = folder
        self._port, self._alertmanager_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._write_rules(stack, factor)
        self._write_alertmanager(webhook, factor)
        self._prometheus = ("prometheus", f"--config.file={folder}/prometheus.yml",
                            f"--storage.tsdb.path={folder}/prometheus", *self._shipped_options(factor),
                            f"--web.listen-address=127.0.0.1:{self._port}")
        self._processes = [
            self._start(*self._prometheus),
            self._start("prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
                        f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
                        f"--web.listen-address=127.0.0.1:{self._alertmanager_port}")]

    @staticmethod
    def _shipped_options(factor):
        """Those of docker-compose.yml that decide what becomes of alerts, on the clock of this run."""
        found = re.findall(r"- (--rules\.alert\.[a-z-]+)=(\d+)([sm])\n", (ROOT / "docker-compose.yml").read_text())
        if len(found) != 2:
            raise Failed("docker-compose.yml starts Prometheus without --rules.alert options")
        return [f"{option}={int(number) * (60 if unit == 'm' else 1) * 1000 // factor}ms"
                for option, number, unit in found]

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

    def _write_alertmanager(self, webhook, factor):
        """The shipped routes; the webhook replaces their receivers."""
        text = (ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text()
        receiver = f"  - name: nobody\n    webhook_configs:\n      - url: {webhook.url}\n        send_resolved: true\n"
        if "  - name: nobody\n" not in text:
            raise Failed("alertmanager.yml has no receiver 'nobody'")
        text = text.replace("  - name: nobody\n", receiver)
        if factor != 1:
            text = re.sub(r"(group_wait|group_interval): \S+", r"\1: 1s", text)
        (self._folder / "alertmanager.yml").write_text(text)

    def _start(self, program, *arguments):
        path = shutil.which(program)
        if path is None:
            raise Failed(f"there is no {program}: install the package that has it")
        with open(self._folder / f"{program}.log", "a") as log:
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

    def firing_alerts(self):
        """The labels of each alert that fires."""
        return [alert["labels"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]

    def firing(self):
        return {labels["alertname"] for labels in self.firing_alerts()}

    def alerts_since(self, begun):
        """The labels of each alert that fired at any time since (a monotonic time); some fire for a few seconds."""
        query = f'present_over_time(ALERTS{{alertstate="firing"}}[{math.ceil(time.monotonic() - begun)}s])'
        return [alert["metric"] for alert in self.ask("query", query=query)["result"]]

    def fired_since(self, begun):
        return {labels["alertname"] for labels in self.alerts_since(begun)}

    def is_silenced(self, alert, **labels):
        """Whether Alertmanager has such an alert and tells nobody, because another one silences it."""
        status, text = request(f"http://127.0.0.1:{self._alertmanager_port}/api/v2/alerts", timeout=10)
        if status != 200:
            raise Failed(f"Alertmanager does not answer: {status} {text[:200]}")
        return any(one["status"]["inhibitedBy"] for one in json.loads(text)
                   if same_labels(one["labels"], alertname=alert, **labels))

    def watch(self, account, aggregator):
        """Scrapes another stack, too: a second target with the name of its account, as prometheus.yml says."""
        file = self._folder / "prometheus.yml"
        text, first = file.read_text(), "        labels: {account: main}\n"
        if first not in text:
            raise Failed("prometheus.yml names no account main")
        place = aggregator.removeprefix("http://")
        file.write_text(text.replace(first, f"{first}      - targets: ['{place}']\n"
                                            f"        labels: {{account: {account}}}\n", 1))
        self._processes[0].send_signal(signal.SIGHUP)

        def missing():
            found = self.ask("query", query=f'up{{job="polybot",account="{account}"}} == 1')["result"]
            return None if found else "it is not scraped"
        wait_until(f"Prometheus scrapes the account {account}", missing)

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def restart_prometheus(self):
        """Ends it and starts it again with all that it has stored."""
        self._processes[0].terminate()
        self._processes[0].wait(30)
        self._processes[0] = self._start(*self._prometheus)
        self.wait_ready()

    def stop(self):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
