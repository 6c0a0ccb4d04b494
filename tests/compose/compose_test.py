#!/usr/bin/env python3
"""Starts the shipped docker-compose.yml, kills what is in it, stops it and starts it again.

Needs an engine (DOCKER_HOST, or the default socket) and docker-compose 1.29 or docker compose v2; without
them it says so and ends well. The stack is a project of its own on ports that the engine chooses, and is
removed at the end with its volumes; the image stays. Prometheus runs the shipped rules thirty times as fast.
Each check is a row of the table at the end; one that fails makes the exit code 1.

  compose_test.py              everything
  compose_test.py NAME...      only the steps named: config build up harden kills scale resume
"""

import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import yaml

import expectations
import exposition
import shorten
from engine import ROOT, Failed, Stack, compose_versions, docker, find_engine, run, say, wait_until
from engine import progress_fatal
from expectations import ON_BUS, SERVICES

WORK = ROOT / "build" / "compose-test"
STEPS = ("config", "build", "up", "harden", "kills", "scale", "resume")
READY_SECONDS = 120      # from nothing to a stack that trades
ALERT_SECONDS = 120      # for the slowest rule: 30 s of old market data, and its `for`
HEALTHY_SECONDS = 150    # the first check comes after 30 s, a second one 30 s after its end
ROUNDS_AFTER = 8         # evaluations of all rules that must bring nothing further
PROMETHEUS = "http://prometheus:9090"
AGGREGATOR = "http://polybot:8000"


class Table:
    """Each check with its result, printed at the end."""

    def __init__(self):
        self.rows = []

    def add(self, check, good, detail):
        self.rows.append((check, good, detail))
        say(f"{'ok  ' if good else 'FAIL'} {check}: {detail}")

    def check(self, name, body):
        """Runs body(), whose result is the detail of a good row; Failed makes a bad one."""
        try:
            self.add(name, True, body())
            return True
        except Failed as failure:
            self.add(name, False, str(failure))
            return False

    def skip(self, check, why):
        self.rows.append((check, None, why))
        say(f"skip {check}: {why}")

    def print(self):
        print("\n" + "-" * 100)
        for check, good, detail in self.rows:
            word = {True: "ok", False: "FAIL", None: "skipped"}[good]
            print(f"{word:8}{check:34}{detail}")
        bad = sum(good is False for _, good, _ in self.rows)
        good = sum(good is True for _, good, _ in self.rows)
        skipped = sum(good is None for _, good, _ in self.rows)
        print("-" * 100 + f"\n{good} checks hold, {bad} fail, {skipped} were skipped")
        return bad == 0


def demand(condition, otherwise):
    if not condition:
        raise Failed(otherwise)


def settings_example():
    """The variables of .env.example with their values."""
    text = (ROOT / ".env.example").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def write_override():
    """What this test changes: Prometheus reads the same configuration, thirty times as fast."""
    folder = WORK / "prometheus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shipped = ROOT / "deploy" / "prometheus"
    demand((shipped / "prometheus.yml").exists(), "there is no deploy/prometheus/prometheus.yml")
    (folder / "prometheus.yml").write_text(
        shorten.shorten_scrapes((shipped / "prometheus.yml").read_text()))
    (folder / "alerts.yml").write_text(shorten.shorten_rules((shipped / "alerts.yml").read_text()))
    file = WORK / "override.yml"
    file.write_text(yaml.safe_dump(
        {"services": {"prometheus": {"volumes": [f"{folder}:/etc/prometheus:ro"]}}}))
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
        self.image = f"polybot:{self.settings['POLYBOT_TAG']}"
        files = [ROOT / "docker-compose.yml", write_override()]
        self.stack = Stack(f"polybot-test-{os.getpid()}", self.versions[0][1], files, self.settings)
        self.observers = list(expectations.OBSERVERS)

    @property
    def started(self):
        return [*SERVICES, *self.observers]

    # --- config: both versions understand the file, and it says what is promised --------------------------

    def config(self):
        for name, command in self.versions:
            self.table.check(f"config: {name}", lambda command=command: self.rendered(command)[0])
        self.table.check("config: settings", self.check_settings)
        self.table.check("config: Grafana", self.check_grafana)

    def rendered(self, command):
        """What a compose makes of the shipped file alone: (a sentence, the services)."""
        code, out, err = run([*command, "-f", "docker-compose.yml", "config"],
                             env={**os.environ, **settings_example()})
        demand(code == 0, err.strip())
        services = yaml.safe_load(out)["services"]
        expected = {"setup", *SERVICES, *expectations.OBSERVERS}
        demand(set(services) == expected, f"its services are {sorted(services)}")
        fixed = [name for name, service in services.items() if "container_name" in service]
        demand(not fixed, f"container_name in {fixed}")
        return f"{len(services)} services", services

    def check_settings(self):
        """.env.example documents each variable of the file, with the same default."""
        text = (ROOT / "docker-compose.yml").read_text()
        used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
        demand(used == settings_example(),
               f"docker-compose.yml {used} differs from .env.example {settings_example()}")
        bare = re.findall(r"\$\{\w+\}", text)
        demand(not bare, f"variables without a default: {bare}")
        code, _, _ = run(["git", "check-ignore", "--quiet", ".env"])
        demand(code == 0, ".env is not ignored")
        return f"{len(used)} variables, each documented with its default; .env is ignored"

    def check_grafana(self):
        _, services = self.rendered(self.versions[0][1])
        grafana = services["grafana"]
        environment = grafana["environment"]
        demand((environment["GF_SECURITY_ADMIN_USER"], environment["GF_SECURITY_ADMIN_PASSWORD"])
               == ("admin", "polybot123"), "its administrator is not admin / polybot123")
        demand(re.search(r":\d+\.\d+", grafana["image"]), f"the tag of {grafana['image']} is not pinned")
        mounted = {}
        for volume in grafana["volumes"]:  # 1.29 keeps the short form, v2 writes the long one
            source, target = (volume.split(":")[:2] if isinstance(volume, str)
                              else (volume["source"], volume["target"]))
            mounted[target] = source
        provisioning = ROOT / "deploy" / "grafana" / "provisioning"
        demand(mounted.get("/etc/grafana/provisioning") == str(provisioning), f"it mounts {mounted}")
        demand((ROOT / "deploy/grafana/dashboards/polybot.json").exists(), "there is no dashboard to mount")
        found = []
        for file in sorted(provisioning.glob("*/*.yml")) + sorted(provisioning.glob("*/*.yaml")):
            content = yaml.safe_load(file.read_text())
            for provider in content.get("providers", []):
                path = provider["options"]["path"]
                demand(mounted.get(path) == str(ROOT / "deploy/grafana/dashboards"),
                       f"the dashboard provider reads {path}, where nothing is mounted")
                found.append("dashboards")
            for source in content.get("datasources", []):
                demand(source["url"] == PROMETHEUS, f"the data source is {source['url']}")
                found.append("data source")
        demand(sorted(found) == ["dashboards", "data source"], f"provisioned are {found}")
        return f"{grafana['image']}, data source and dashboards are provisioned from mounted files"

    # --- build --------------------------------------------------------------------------------------------

    def build(self):
        if "POLYBOT_TAG" in os.environ:
            self.table.skip("build", f"POLYBOT_TAG names an image that is there: {self.image}")
            return
        self.table.check("build: image", self.build_image)

    def build_image(self):
        say("Building the image (the first time: some ten minutes)")
        self.stack.compose("build", timeout=3600)
        size = int(docker("image", "inspect", "--format", "{{.Size}}", self.image))
        return f"{self.image}, {size / 1e6:.0f} MB"

    # --- up -----------------------------------------------------------------------------------------------

    def find_observers(self):
        """Leaves out Grafana when its image cannot be had; without the others there is no test."""
        _, services = self.rendered(self.versions[0][1])
        for name in expectations.OBSERVERS:
            image = services[name]["image"]
            if run(["docker", "image", "inspect", image])[0] == 0:
                continue
            say(f"Pulling {image}")
            code, _, err = run(["docker", "pull", "--quiet", image], timeout=600)
            if code == 0:
                continue
            demand(name == "grafana", f"{image} is not here and cannot be pulled: {err.strip()}")
            self.observers.remove(name)
            self.table.skip("up: Grafana", f"{image} is not here and cannot be pulled; see its config check")

    def up(self):
        if not self.table.check("up: images", lambda: self.find_observers() or "all are here"):
            return False
        return (self.table.check("up: every service is ready", self.start)
                and self.table.check("up: Prometheus scrapes", self.check_scrape)
                and self.table.check("up: the stack trades", self.check_trading))

    def start(self):
        self.stack.compose("up", "-d", *(["setup"] + self.started), timeout=600)
        self.stack.start_probe(self.image)
        seconds = wait_until("every service ready", self.not_ready_text, READY_SECONDS)
        wait_until("the aggregator finds the stack ready",
                   lambda: None if self.get_status(AGGREGATOR + "/health/ready/stack") == 200 else "503", 30)
        return f"{', '.join(self.started)}: {seconds:.1f} s after `up` returned"

    def check_scrape(self):
        def missing():
            targets = self.prometheus("targets")["activeTargets"]
            bad = [f"{t['labels']['job']} {t['scrapeUrl']}: {t['lastError']}" for t in targets
                   if t["health"] != "up"]
            urls = [t["scrapeUrl"] for t in targets if t["labels"]["job"] == "polybot"]
            if urls != [AGGREGATOR + "/metrics"]:
                return f"job polybot scrapes {urls}"
            return "; ".join(bad) or None
        wait_until("every target scraped", missing, 60)
        samples = self.query('scrape_samples_scraped{job="polybot"}')
        demand(samples > 100, f"a scrape holds {samples} samples")
        wrong = [rule["name"] for group in self.prometheus("rules")["groups"] for rule in group["rules"]
                 if rule["health"] == "err"]
        demand(not wrong, f"rules that cannot be evaluated: {wrong}")
        return f"{AGGREGATOR}/metrics, {samples:.0f} samples; every rule can be evaluated"

    def check_trading(self):
        def missing():
            submitted = self.query('sum(polybot_orders_total{status="submitted"})')
            fills = self.query("sum(polybot_fills_total)")
            return None if submitted > 0 and fills > 0 else f"{submitted:.0f} orders, {fills:.0f} fills"
        return f"first orders and fills after {wait_until('orders and fills', missing, 120):.1f} s"

    # --- harden: how each container was made ----------------------------------------------------------------

    def harden(self):
        self.table.check("harden: containers", self.check_containers)
        self.table.check("harden: ports on loopback", self.check_ports)
        self.table.check("harden: volumes", self.check_volumes)
        self.table.check("harden: networks", self.check_networks)
        self.table.check("harden: bus is out of reach", self.check_bus)
        self.table.check("harden: health checks", self.check_health)

    def check_containers(self):
        for name in ["setup", *self.started]:
            made = self.stack.inspect(name)
            host = made["HostConfig"]
            restart = "no" if name == "setup" else "unless-stopped"
            demand(host["RestartPolicy"]["Name"] == restart, f"{name}: restart is not {restart}")
            demand(host["ReadonlyRootfs"], f"{name}: its root can be written to")
            demand(host["CapDrop"] == ["ALL"] and not host["CapAdd"], f"{name}: it has capabilities")
            demand("no-new-privileges:true" in host["SecurityOpt"], f"{name}: it may gain privileges")
            demand("/tmp" in (host["Tmpfs"] or {}), f"{name}: no tmpfs")
            demand(host["LogConfig"] == expectations.LOGGING, f"{name}: logging is {host['LogConfig']}")
            demand((made["Config"]["StopTimeout"] or 0) >= 20, f"{name}: no stop_grace_period")
            demand(not host["Privileged"], f"{name}: privileged")
        for name in SERVICES:
            _, user = self.stack.execute(name, "id", "-u")
            demand(user.strip() == "10001", f"{name}: runs as user {user.strip()}")
            code, _ = self.stack.execute(name, "touch", "/usr/local/bin/new")
            demand(code != 0, f"{name}: a file could be made below /usr")
        return f"{len(self.started) + 1} containers: read-only, no capabilities, no new privileges, bounded logs"

    def check_ports(self):
        reached = 0
        local = os.environ.get("DOCKER_HOST", "unix://").startswith("unix://")
        for name in self.started:
            bindings = self.stack.inspect(name)["NetworkSettings"]["Ports"] or {}
            published = {port: hosts for port, hosts in bindings.items() if hosts}
            demand(set(published) == set(expectations.PORTS.get(name, {})), f"{name}: {published}")
            for port, hosts in published.items():
                demand([host["HostIp"] for host in hosts] == ["127.0.0.1"], f"{name}: {port} on {hosts}")
                if not local:
                    continue
                path = "/" if name in self.observers else "/api/v1/status" if name == "gateway" else "/metrics"
                url = f"http://127.0.0.1:{hosts[0]['HostPort']}{path}"
                code, out, _ = run(["curl", "--silent", "--max-time", "5", "--output", "/dev/null",
                                    "--write-out", "%{http_code}", url])
                demand(code == 0 and out[0] in "23", f"{name}: {url} answers {out}")
                reached += 1
        return f"{reached} reached from this host" if local else "not tried from here: the engine is elsewhere"

    def check_volumes(self):
        mounted = {}
        for name in ["setup", *self.started]:
            for mount in self.stack.inspect(name)["Mounts"]:
                if mount["Type"] == "volume":
                    volume = mount["Name"].removeprefix(self.stack.project + "_")
                    mounted.setdefault(volume, {})[name] = mount["RW"]
        expected = {volume: users for volume, users in expectations.VOLUMES.items()
                    if set(users) & {"setup", *self.started}}
        demand(mounted == expected, f"mounted are {mounted}")
        _, mode = self.stack.execute("order-manager", "stat", "-c", "%a %u", "/var/lib/polybot/venue-key/key")
        demand(mode.strip() == "600 10001", f"the venue key is {mode.strip()}")
        _, mode = self.stack.execute("gateway", "stat", "-c", "%a %u", "secrets/api-token")
        demand(mode.strip() == "600 10001", f"the API token is {mode.strip()}")
        return "the venue key is order-manager's alone (read-only), the API token gateway's; both 0600"

    def check_networks(self):
        for name in self.started:
            joined = {network.removeprefix(self.stack.project + "_")
                      for network in self.stack.inspect(name)["NetworkSettings"]["Networks"]}
            demand(joined == expectations.NETWORKS[name], f"{name} is on {sorted(joined)}")
        for name in self.stack.networks():
            internal = json.loads(docker("network", "inspect", name))[0]["Internal"]
            demand(internal == name.endswith("_bus"), f"{name}: internal is {internal}")
        return "bus is internal; everybody is where they belong"

    def check_bus(self):
        """curl's exit code 7 is a refused connection, 6 a name that nobody has."""
        refused, _ = self.stack.execute("venue-simulator", "curl", "-s", "-m", "3", "http://order-manager:5560")
        demand(refused == 7, f"from `venue`, order-manager's signal port gives curl {refused}")
        heard, _ = self.stack.execute("strategy-runner", "curl", "-s", "-m", "1",
                                      "http://order-manager.bus:5560")
        demand(heard not in (6, 7), f"on `bus`, order-manager's signal port gives curl {heard}")
        outside, _ = self.stack.execute("strategy-runner", "curl", "-s", "-m", "5",
                                        "http://venue-simulator:8090")
        demand(outside in (6, 28), f"a strategy-runner reaches the venue: curl {outside}")
        return "5560 is refused on `venue` and open on `bus`; a runner does not reach the venue"

    def check_health(self):
        for name in SERVICES:
            check = self.stack.inspect(name)["Config"]["Healthcheck"]
            demand(check == expectations.HEALTHCHECK, f"{name}: {check}")

        def missing():
            states = {name: self.stack.inspect(name)["State"]["Health"]["Status"] for name in SERVICES}
            bad = [f"{name} {state}" for name, state in states.items() if state != "healthy"]
            return ", ".join(bad) or None
        wait_until("every container healthy", missing, HEALTHY_SECONDS)
        return "as promised, and every container is healthy"

    # --- kills --------------------------------------------------------------------------------------------

    def kills(self):
        for expected in expectations.KILLS:
            name = f"kill -9 {expected.service}"
            if not self.table.check(f"{name}: restarts", lambda e=expected: self.restarts_by_itself(e)):
                continue
            self.table.check(f"{name}: changes", lambda e=expected: self.changes_what_is_listed(e))

    def restarts_by_itself(self, expected):
        self.wait_for_quiet()
        before = self.stack.inspect(expected.service)["RestartCount"]
        self.stack.kill_process(expected.service, self.image)

        def missing():
            count = self.stack.inspect(expected.service)["RestartCount"]
            return self.not_ready_text() if count == before + 1 else f"started {count - before} times since"
        return f"ready again after {wait_until('restarted and ready', missing, READY_SECONDS):.1f} s"

    def changes_what_is_listed(self, expected):
        self.wait_for_quiet()
        container = self.stack.container(expected.service)
        docker("update", "--restart=no", container)
        try:
            self.stack.kill_process(expected.service, self.image)
            detail = self.watch(expected)
        finally:
            docker("update", "--restart=unless-stopped", container)
            docker("start", container)
        recovered = wait_until(f"recovery from the loss of {expected.service}", self.not_quiet_text,
                               READY_SECONDS)
        return f"{detail}; quiet again after {recovered:.1f} s"

    def watch(self, expected):
        """Until all that is listed has happened, and for ROUNDS_AFTER evaluations more; nothing else may."""
        not_ready, alerts, told = set(), set(), []

        def look():
            not_ready.update(self.not_ready())
            if expected.service != "prometheus":
                alerts.update(self.firing())

        def missing():
            look()
            rest = (expected.not_ready - not_ready) | (expected.alerts - alerts)
            return ", ".join(sorted(rest)) or None

        if expected.service in ON_BUS and expected.service != "metrics-aggregator":
            url = f"{AGGREGATOR}/health/ready/{expected.service}"
            for path in (url, AGGREGATOR + "/health/ready/stack"):
                seconds = wait_until(f"503 at {path}",
                                     lambda path=path: None if self.get_status(path) == 503 else "200", 10)
                told.append(seconds)
        try:
            took = wait_until("the listed changes", missing, ALERT_SECONDS)
        finally:
            unlisted = (not_ready - expected.not_ready) | (alerts - expected.alerts)
            if unlisted:
                say(f"  not listed: {', '.join(sorted(unlisted))}")
        self.watch_rounds(look)
        unlisted = (not_ready - expected.not_ready) | (alerts - expected.alerts)
        demand(not unlisted, f"also changed, and is not listed: {', '.join(sorted(unlisted))}")
        changes = " ".join(sorted(expected.alerts)) or "no alert"
        seen = f"aggregator says so after {max(told):.1f} s, " if told else ""
        return f"not ready: {' '.join(sorted(expected.not_ready)) or 'nobody'}; {changes} ({seen}all {took:.0f} s)"

    def watch_rounds(self, look):
        """Looks on for as long as ROUNDS_AFTER evaluations of the rules take (or as Prometheus needs to return)."""
        begin = self.rule_rounds()

        def missing():
            look()
            now = self.rule_rounds()
            if begin is None or now is None:
                return None  # Prometheus is the one that is gone
            return None if now - begin >= ROUNDS_AFTER else f"{now - begin:.0f} of {ROUNDS_AFTER} rounds"
        wait_until("nothing further", missing, 60)

    # --- scale --------------------------------------------------------------------------------------------

    def scale(self):
        self.table.check("scale: strategy-runner=3", self.scale_runners)

    def scale_runners(self):
        counts = []
        for wanted in (3, 1):
            self.stack.compose("up", "-d", "--no-recreate", "--scale", f"strategy-runner={wanted}",
                               *(["setup"] + self.started))
            wait_until(f"{wanted} runners ready",
                       lambda: None if self.runners() == (wanted, wanted)
                       else "%d ready of %d" % self.runners(), READY_SECONDS)
            counts.append(str(wanted))
        return f"{' then '.join(counts)} replicas up and ready"

    def runners(self):
        """(ready, up) replicas of strategy-runner, as the aggregator counts them."""
        _, body = self.stack.get(AGGREGATOR + "/health/ready/strategy-runner")
        answer = json.loads(body or "{}")
        return answer.get("ready", 0), answer.get("replicas", 0)

    # --- resume: down keeps the volumes, up goes on -----------------------------------------------------------

    def resume(self):
        self.table.check("resume: down keeps the volumes", self.down_keeps_volumes)
        self.table.check("resume: up goes on", self.up_goes_on)

    def down_keeps_volumes(self):
        _, text = self.stack.get(AGGREGATOR + "/metrics")
        self.before = exposition.counters(text)
        demand(len(self.before) > 100, "there were no counters before the stop")
        key = self.stack.execute("order-manager", "cat", "/var/lib/polybot/venue-key/key")
        demand(key[0] == 0 and key[1], "the venue key cannot be read")
        self.key = key
        volumes = self.stack.volumes()
        self.stack.stop_probe()
        self.stack.compose("down")
        demand(self.stack.volumes() == volumes, f"of {volumes} {self.stack.volumes()} are left")
        demand(not self.stack.networks(), f"networks are left: {self.stack.networks()}")
        left = [name for name in self.started if self.stack.containers(name)]
        demand(not left, f"containers are left: {left}")
        return f"{len(volumes)} volumes; containers and networks are gone"

    def up_goes_on(self):
        demand(getattr(self, "before", None), "there is nothing to compare with")
        self.stack.compose("up", "-d", *(["setup"] + self.started))
        self.stack.start_probe(self.image)
        first = {}

        def missing():
            status, text = self.stack.get(AGGREGATOR + "/metrics")
            if status == 200 and not first:
                first.update(exposition.counters(text))
            return self.not_ready_text()
        # The very first scrape must not be lower: a view that starts at 0 and catches up is a reset, too.
        seconds = wait_until("every service ready", missing, READY_SECONDS)
        demand(self.stack.execute("order-manager", "cat", "/var/lib/polybot/venue-key/key") == self.key,
               "the venue key is another one")
        self.demand_no_fall(first, "the first scrape")
        _, text = self.stack.get(AGGREGATOR + "/metrics")
        now = exposition.counters(text)
        self.demand_no_fall(now, "a scrape of the ready stack")
        orders = sum(value for series, value in now.items()
                     if series.startswith("polybot_orders_total{") and 'status="submitted"' in series)
        return f"ready after {seconds:.1f} s; none of {len(self.before)} counters fell, {orders:.0f} orders"

    def demand_no_fall(self, after, when):
        fallen = exposition.fallen(self.before, after)
        demand(not fallen, f"{when}: {len(fallen)} of {len(self.before)} counters fell, such as "
               + "; ".join(fallen[:3]))

    # --- looking ------------------------------------------------------------------------------------------

    def get_status(self, url):
        return self.stack.get(url)[0]

    def not_ready(self):
        """Services whose own /health/ready does not answer 200, with the reason: {service: reason}."""
        def ask(service):
            states = set()
            for container in self.stack.containers(service):
                code, out, _ = run(["docker", "exec", container, "curl", "-s", "-m", "5",
                                    "http://localhost:8000/health/ready"], timeout=20)
                if code != 0:
                    states.add("no answer")
                elif json.loads(out).get("status") != "ready":
                    states.add("; ".join(json.loads(out).get("reasons", ["not ready"])))
            return service, ", ".join(sorted(states)) or None
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            return {service: reason for service, reason in pool.map(ask, SERVICES) if reason}

    def not_ready_text(self):
        return ", ".join(f"{service} ({reason})" for service, reason in self.not_ready().items()) or None

    def prometheus(self, what, *options):
        """The data of an answer of Prometheus' API; Failed when there is none."""
        status, body = self.stack.get(f"{PROMETHEUS}/api/v1/{what}", *options)
        if status != 200:
            raise Failed(f"Prometheus does not answer {what} ({status})")
        return json.loads(body)["data"]

    def query(self, expression):
        """The value of an expression of one sample; 0 when it has none."""
        result = self.prometheus("query", "--get", "--data-urlencode", f"query={expression}")["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def rule_rounds(self):
        """How often the rules were evaluated since Prometheus started; None when it is away."""
        try:
            return self.query("sum(prometheus_rule_group_iterations_total)")
        except Failed:
            return None

    def firing(self):
        """Alerts that fire, Watchdog aside; empty while Prometheus is away."""
        try:
            alerts = self.prometheus("alerts")["alerts"]
        except Failed:
            return set()
        found = set()
        for alert in alerts:
            labels = alert["labels"]
            if alert["state"] == "firing" and labels["alertname"] != "Watchdog":
                service = f"({labels['service']})" if "service" in labels else ""
                found.add(labels["alertname"] + service)
        return found

    def not_quiet_text(self):
        """None when everything is ready, everything is scraped and nothing but Watchdog fires."""
        if text := self.not_ready_text():
            return text
        try:
            fine = self.query("min(up)") == 1 and self.query('count(ALERTS{alertname="Watchdog"})') == 1
        except Failed as failure:
            return str(failure)
        if not fine:
            return "Prometheus does not scrape everything yet"
        return ", ".join(sorted(self.firing())) or None

    def wait_for_quiet(self):
        wait_until("a quiet stack", self.not_quiet_text, ALERT_SECONDS)

    # --- all of it ----------------------------------------------------------------------------------------

    def run(self, steps):
        try:
            for step in ("config", "build"):
                if step in steps:
                    getattr(self, step)()
            rest = [step for step in STEPS[2:] if step in steps]
            if rest and self.up():
                for step in rest[1:] if rest[0] == "up" else rest:
                    getattr(self, step)()
        finally:
            self.remove()

    def remove(self):
        """Nothing of this test's project stays in the engine."""
        say("Removing the test's containers, networks and volumes")
        self.stack.stop_probe()
        try:
            self.stack.compose("down", "--volumes", "--remove-orphans")
        except Failed as failure:
            progress_fatal(f"cleaning up: {failure}")


def main(arguments):
    unknown = [name for name in arguments if name not in STEPS]
    if unknown:
        progress_fatal(f"no step is called {', '.join(unknown)} ({' '.join(STEPS)})")
        return 2
    if why := find_engine():
        print(f"compose-test: skipped: {why}. DOCKER_HOST names an engine; see README.md, With Docker.")
        return 0
    table = Table()
    try:
        ComposeTest(table).run(arguments or STEPS)
    except Failed as failure:
        table.add("compose-test", False, str(failure))
    return 0 if table.print() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
