"""How each container was made, read from the engine and tried from inside."""

import json
import os
import shutil

from tests.compose import expectations
from tests.compose.engine import WORK, docker, run, wait_until
from tests.compose.expectations import ONCE, SERVICES
from tests.compose.report import demand

HEALTHY_SECONDS = 150    # the first check comes after 30 s, a second one 30 s after its end


class Hardening:
    """`started`: the services that run, besides those that have run to their end."""

    def __init__(self, table, stack, started):
        self.table = table
        self.stack = stack
        self.started = started

    def check(self):
        self.table.check("harden: containers", self.check_containers)
        self.table.check("harden: ports on loopback", self.check_ports)
        self.table.check("harden: volumes", self.check_volumes)
        self.table.check("harden: mounted folders", self.check_mounted_folders)
        self.table.check("harden: a closed checkout", self.check_closed_checkout)
        self.table.check("harden: networks", self.check_networks)
        self.table.check("harden: bus is out of reach", self.check_bus)
        self.table.check("harden: health checks", self.check_health)

    def check_containers(self):
        for name in [*ONCE, *self.started]:
            made = self.stack.inspect(name)
            host = made["HostConfig"]
            restart = "no" if name in ONCE else "unless-stopped"
            demand(host["RestartPolicy"]["Name"] == restart, f"{name}: restart is not {restart}")
            demand(host["ReadonlyRootfs"], f"{name}: its root can be written to")
            added = {capability.removeprefix("CAP_") for capability in host["CapAdd"] or []}
            demand(host["CapDrop"] == ["ALL"] and added == expectations.CAPABILITIES.get(name, set()),
                   f"{name}: it has the capabilities {added}")
            if name in ONCE:
                demand(host["NetworkMode"] == "none", f"{name}: it has a network")
            demand("no-new-privileges:true" in host["SecurityOpt"], f"{name}: it may gain privileges")
            demand("/tmp" in (host["Tmpfs"] or {}), f"{name}: no tmpfs")
            demand(host["LogConfig"] == expectations.LOGGING, f"{name}: logging is {host['LogConfig']}")
            demand((made["Config"]["StopTimeout"] or 0) >= 20, f"{name}: no stop_grace_period")
            demand(not host["Privileged"], f"{name}: privileged")
            demand(host["Memory"] > 0 and host["MemorySwap"] == host["Memory"], f"{name}: memory is not limited")
            demand((host["PidsLimit"] or 0) > 0 and host["NanoCpus"] > 0, f"{name}: processes or CPU are not limited")
            cores = [limit for limit in host["Ulimits"] or [] if limit["Name"] == "core"]
            demand([limit["Hard"] for limit in cores] == [0], f"{name}: core dumps are {cores}")
        for name in SERVICES:
            _, user = self.stack.execute(name, "id", "-u")
            demand(user.strip() == "10001", f"{name}: runs as user {user.strip()}")
            code, _ = self.stack.execute(name, "touch", "/usr/local/bin/new")
            demand(code != 0, f"{name}: a file could be made below /usr")
        return (f"{len(self.started) + len(ONCE)} containers: read-only, no capabilities, no new privileges, "
                "bounded logs, memory, processes and CPU, no core dumps")

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
                path = {"gateway": "/api/v1/status", "metrics-aggregator": "/metrics"}.get(name, "/")
                url = f"http://127.0.0.1:{hosts[0]['HostPort']}{path}"
                code, out, _ = run(["curl", "--silent", "--max-time", "5", "--output", "/dev/null",
                                    "--write-out", "%{http_code}", url])
                expected = ("401",) if name == "gateway" else ("2", "3")  # reading the API needs a token
                demand(code == 0 and out.startswith(expected), f"{name}: {url} answers {out}")
                reached += 1
        return f"{reached} reached from this host" if local else "not tried: the engine is elsewhere"

    def check_volumes(self):
        mounted = {}
        for name in [*ONCE, *self.started]:
            for mount in self.stack.inspect(name)["Mounts"]:
                if mount["Type"] == "volume":
                    volume = mount["Name"].removeprefix(self.stack.project + "_")
                    mounted.setdefault(volume, {})[name] = mount["RW"]
        expected = {volume: users for volume, users in expectations.VOLUMES.items()
                    if set(users) & {*ONCE, *self.started}}
        demand(mounted == expected, f"mounted are {mounted}")
        _, mode = self.stack.execute("order-manager", "stat", "-c", "%a %u",
                                     "/var/lib/polybot/venue-key/key")
        demand(mode.strip() == "600 10001", f"the venue key is {mode.strip()}")
        _, mode = self.stack.execute("gateway", "stat", "-c", "%a %u", "secrets/api-token")
        demand(mode.strip() == "600 10001", f"the API token is {mode.strip()}")
        return "the venue key is order-manager's alone (read-only), the API token gateway's; both 0600"

    def check_mounted_folders(self):
        """With the label that containers may read where SELinux is enforced; only `permissions` may write."""
        count = 0
        for name in [*ONCE, *self.started]:
            for mount in self.stack.inspect(name)["Mounts"]:
                if mount["Type"] != "bind":
                    continue
                demand("z" in mount["Mode"].split(","), f"{name}: {mount['Destination']} is '{mount['Mode']}'")
                demand(mount["RW"] == (name == "permissions"), f"{name}: {mount['Destination']} RW {mount['RW']}")
                count += 1
        return f"{count}, each labelled for SELinux"

    def check_closed_checkout(self):
        """What umask 077 leaves, owned by a user who is neither root nor the container's user."""
        folder = WORK / "closed"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        file = folder / "a.toml"
        file.write_text("a = 1\n")
        for path, mode in ((file, 0o600), (folder, 0o700)):
            path.chmod(mode)
            if os.geteuid() == 0:
                os.chown(path, 1000, 1000)
        read = ["docker", "run", "--rm", "--network=none", "--volume", f"{folder}:/folder:ro,z", self.stack.image,
                "cat", "/folder/a.toml"]
        demand(run(read)[0] != 0, "a container reads what is closed")
        self.stack.compose("run", "--rm", "-T", "--volume", f"{folder}:/folder:z", "permissions",
                           "polybot-setup", "open-configuration", "folder")
        code, out, err = run(read)
        demand((code, out) == (0, "a = 1\n"), f"it is not opened: {err.strip()}")
        return "permissions opens it for the others"

    def check_networks(self):
        for name in self.started:
            joined = {network.removeprefix(self.stack.project + "_")
                      for network in self.stack.inspect(name)["NetworkSettings"]["Networks"]}
            demand(joined == expectations.NETWORKS[name], f"{name} is on {sorted(joined)}")
        for name in self.stack.networks():
            internal = json.loads(docker("network", "inspect", name))[0]["Internal"]
            demand(internal == name.endswith("_bus"), f"{name}: internal is {internal}")
        return "bus is internal; every service is on its own networks"

    def check_bus(self):
        """curl's exit code 7 is a refused connection, 6 an unknown name."""
        refused, _ = self.stack.execute("venue-simulator", "curl", "-s", "-m", "3",
                                        "http://order-manager:5560")
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
