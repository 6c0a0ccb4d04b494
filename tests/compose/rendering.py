"""What compose makes of the shipped file, without an engine: every version understands it, and it says
what is promised."""

import os
import re

import yaml

from tests.compose import expectations
from tests.compose.engine import ROOT, run
from tests.compose.expectations import SERVICES
from tests.compose.report import demand
from tests.compose.view import PROMETHEUS


def settings_example():
    """The variables of .env.example with their values."""
    text = (ROOT / ".env.example").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


class Rendering:
    def __init__(self, table, versions):
        self.table = table
        self.versions = versions

    def check(self):
        for name, command in self.versions:
            self.table.check(f"config: {name}", lambda command=command: self.rendered(command)[0])
            self.table.check(f"config: {name}, RUNNERS", lambda command=command: self.check_runners(command))
        self.table.check("config: settings", self.check_settings)
        self.table.check("config: Grafana", self.check_grafana)

    def rendered(self, command, **settings):
        """What a compose makes of the shipped file alone: (a sentence, the services)."""
        code, out, err = run([*command, "-f", "docker-compose.yml", "config"],
                             env={**os.environ, **settings_example(), **settings})
        demand(code == 0, err.strip())
        services = yaml.safe_load(out)["services"]
        expected = {*expectations.ONCE, *SERVICES, *expectations.OBSERVERS}
        demand(set(services) == expected, f"its services are {sorted(services)}")
        fixed = [name for name, service in services.items() if "container_name" in service]
        demand(not fixed, f"container_name in {fixed}")
        loose = [name for name in expectations.OBSERVERS
                 if not re.search(r":v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$", services[name]["image"])]
        demand(not loose, f"the images of {loose} are not pinned by version and digest")
        return f"{len(services)} services", services

    def check_runners(self, command):
        """An `up` without --scale starts as many as the settings say."""
        runner = self.rendered(command, RUNNERS="3")[1]["strategy-runner"]
        # Either is a number of containers to every compose; which one it prints differs.
        count = runner.get("scale", runner.get("deploy", {}).get("replicas"))
        demand(count == 3, f"RUNNERS=3 starts {count}")
        return "RUNNERS=3 starts three"

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
                demand(source["url"] in (PROMETHEUS, "http://alertmanager:9093"),
                       f"a data source is {source['url']}")
                found.append(source["url"])
        demand({"dashboards", PROMETHEUS} <= set(found), f"provisioned are {found}")
        return f"{grafana['image']}, data sources and dashboards are provisioned from mounted files"
