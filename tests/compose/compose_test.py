"""Starts the shipped docker-compose.yml, kills what is in it, scales it, stops it and starts it again.

Needs an engine (DOCKER_HOST, or the default socket) and docker-compose 1.29 or docker compose v2; without
them it says so and ends well. The stack is a project of its own on ports that the engine chooses, and is
removed at the end with its volumes; the image stays. Prometheus runs the shipped rules thirty times as fast,
but for the ten minutes of the step `scale`.
Each check is a row of the table at the end; one that fails makes the exit code 1.

  python3 -m tests.compose.compose_test              everything
  python3 -m tests.compose.compose_test NAME...      only the steps named: config build up harden kills scale resume
                              upgrade
"""

import os
import shutil
import signal
import sys

import yaml

from tests.compose import expectations
from tests.compose.engine import (ROOT, WORK, Failed, Stack, compose_versions, docker, find_engine,
                                  run, say, wait_until)
from tests.compose.expectations import SERVICES
from tests.compose.hardening import Hardening
from tests.compose.images import Images
from tests.compose.kills import Kills
from tests.compose.rendering import Rendering, settings_example
from tests.compose.report import Table, as_text, demand
from tests.compose.resume import Resume
from tests.compose.running import Running
from tests.compose.scaling import Scaling
from tests.compose.upgrade import Upgrade
from tests.compose.view import AGGREGATOR, View

STEPS = ("config", "build", "up", "harden", "kills", "scale", "resume", "upgrade")
READY_SECONDS = 120      # from nothing to a stack that trades


def write_override():
    """What this test changes: Prometheus reads the same configuration, thirty times as fast."""
    folder = WORK / "prometheus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shipped = ROOT / "deploy" / "prometheus"
    for name in ("prometheus.yml", "alerts.yml"):
        code, out, err = run([str(shipped / "shorten.sh")], data=(shipped / name).read_text())
        demand(code == 0, err.strip())
        (folder / name).write_text(out)
        (folder / name).chmod(0o644)   # Prometheus is another user, whatever the umask here
    file = WORK / "override.yml"
    file.write_text(yaml.safe_dump(
        {"services": {"prometheus": {"volumes": [f"{folder}:/etc/prometheus:ro,z"]}}}))
    return file


class ComposeTest:
    def __init__(self, table):
        self.table = table
        self.versions = compose_versions()
        # Values of the shipped example, whatever the caller's own .env says; ports that are free.
        self.settings = settings_example()
        for ports in expectations.PORTS.values():
            self.settings.update({variable: "0" for variable in ports.values()})
        if tag := os.environ.get("POLYBOT_TAG"):
            self.settings["POLYBOT_TAG"] = tag
        self.rendering = Rendering(table, self.versions)
        self.images = Images(table)
        shipped = [ROOT / "docker-compose.yml", self.images.file]
        self.stack = Stack(f"polybot-test-{os.getpid()}", self.versions[0][1], [*shipped, write_override()],
                           self.settings)
        self.shipped = Stack(self.stack.project, self.versions[0][1], shipped, self.settings)
        self.view = View(self.stack)
        self.running = Running(self.stack)
        self.observers = list(expectations.OBSERVERS)

    @property
    def started(self):
        return [*SERVICES, *self.observers]

    # --- build --------------------------------------------------------------------------------------------

    def build(self):
        if "POLYBOT_TAG" in os.environ:
            self.table.skip("build", f"POLYBOT_TAG names an image that is there: {self.stack.image}")
            return
        self.images.find_base()
        self.table.check("build: image", self.build_image)

    def build_image(self):
        say("Building the image (the first time: some ten minutes)")
        self.stack.compose("build", timeout=3600)
        size = int(docker("image", "inspect", "--format", "{{.Size}}", self.stack.image))
        return f"{self.stack.image}, {size / 1e6:.0f} MB"

    # --- up -----------------------------------------------------------------------------------------------

    def find_observers(self):
        """Leaves out Grafana when its image cannot be had; without the others there is no test."""
        _, services = self.rendering.rendered(self.versions[0][1])
        for name in expectations.OBSERVERS:
            why = self.images.find(name, services[name]["image"])
            if why is None:
                continue
            demand(name == "grafana", why)
            self.observers.remove(name)
            self.table.skip("up: Grafana", f"{why}; see its config check")

    def up(self):
        if not self.table.check("up: images", lambda: self.find_observers() or "all are here"):
            return False
        return (self.table.check("up: every service is ready", self.start)
                and self.table.check("up: Prometheus scrapes", self.check_scrape)
                and self.table.check("up: the stack trades", self.check_trading))

    def start(self):
        self.stack.compose("up", "-d", "setup", *self.started, timeout=600)
        self.stack.start_probe()
        seconds = wait_until("every service ready", lambda: as_text(self.view.own_words()), READY_SECONDS)
        wait_until("the aggregator finds the stack ready", self.view.not_ready_text, 30)
        return f"{', '.join(self.started)}: {seconds:.1f} s after `up` returned"

    def check_scrape(self):
        def missing():
            targets = self.view.ask("targets")["activeTargets"]
            bad = [f"{t['labels']['job']} {t['scrapeUrl']}: {t['lastError']}" for t in targets
                   if t["health"] != "up"]
            urls = [t["scrapeUrl"] for t in targets if t["labels"]["job"] == "polybot"]
            if urls != [AGGREGATOR + "/metrics"]:
                return f"job polybot scrapes {urls}"
            return "; ".join(bad) or None
        wait_until("every target scraped", missing, 60)
        samples = self.view.query('scrape_samples_scraped{job="polybot"}')
        demand(samples > 100, f"a scrape holds {samples} samples")
        wrong = [rule["name"] for group in self.view.ask("rules")["groups"] for rule in group["rules"]
                 if rule["health"] == "err"]
        demand(not wrong, f"rules that cannot be evaluated: {wrong}")
        return f"{AGGREGATOR}/metrics, {samples:.0f} samples; every rule can be evaluated"

    def check_trading(self):
        def missing():
            submitted = self.view.query('sum(polybot_orders_total{status="submitted"})')
            fills = self.view.query("sum(polybot_fills_total)")
            return None if submitted > 0 and fills > 0 else f"{submitted:.0f} orders, {fills:.0f} fills"
        return f"first orders and fills after {wait_until('orders and fills', missing, 120):.1f} s"

    # --- all of it ----------------------------------------------------------------------------------------

    def run(self, steps):
        if "config" in steps:
            self.rendering.check()
        if "build" in steps:
            self.build()
        if not set(steps) - {"config", "build"}:
            return
        try:
            if self.up():
                for step in steps:
                    self.run_started(step)
        finally:
            self.remove()

    def run_started(self, step):
        """The steps that need a running stack."""
        if step == "harden":
            Hardening(self.table, self.stack, self.started).check()
        elif step == "kills":
            Kills(self.table, self.stack, self.view, self.running).check()
        elif step == "scale":
            Scaling(self.table, self.stack, self.shipped, self.view, self.running, self.started).check()
        elif step == "resume":
            Resume(self.table, self.stack, self.view, self.started).check()
        elif step == "upgrade":
            Upgrade(self.table, self.stack, self.view, self.running, self.started).check(self.versions)

    def remove(self):
        """Nothing of this test's project stays in the engine, even after several requests to end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        say("Removing the test's containers, networks and volumes")
        self.stack.stop_probe()
        try:
            self.stack.compose("down", "--volumes", "--remove-orphans")
        except Failed as failure:
            say(f"cleaning up: {failure}")


def main(arguments):
    unknown = [name for name in arguments if name not in STEPS]
    if unknown:
        print(f"compose-test: no step is called {', '.join(unknown)} ({' '.join(STEPS)})",
              file=sys.stderr)
        return 2
    if why := find_engine():
        print(f"compose-test: skipped: {why}. DOCKER_HOST names an engine; see README.md, With Docker.")
        return 0
    # An end from outside removes the test's containers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    table = Table()
    try:
        ComposeTest(table).run(arguments or STEPS)
    except Failed as failure:
        table.add("compose-test", False, str(failure))
    return 0 if table.print() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
