"""An account of the simulated venue as an operator has one at the real one, and a stack that trades with it in live
mode: the venue is a process of its own behind TLS."""

import json
import os
import re
import secrets
import subprocess

from tests.support.simulator import Simulator
from tests.support.stack import PROGRAMS, Stack, changed_configuration, free_offset, request
from tests.support.tls_front import TlsFront, make_certificates
from tests.support.waiting import Failed

ACKNOWLEDGEMENT = '"I trade with real money and accept that I can lose all of it"'
LIMITS = {"[live] order_notional_max": "50", "[live] position_max": "200", "[live] exposure_max": "2000",
          "[live] daily_loss_max": "500"}


def demand(condition, text):
    if not condition:
        raise Failed(text)


class LiveStack(Stack):
    """Its venue is another process, which tells its truth at an admin port as that of `make run` does."""

    def __init__(self, folder, configuration, venue, settings=None):
        super().__init__(folder, configuration, {"MODE": "live"} | (settings or {}))
        self._venue = venue
        self._places["venue-simulator"] = f"http://127.0.0.1:{venue.admin}"

    def children(self):
        """The venue among them, though it is nobody's child here."""
        return super().children() | {"venue-simulator": ("venue-simulator", self._venue.pid)}


class Account:
    """A venue, an account of a wallet type, and what an operator has written down for it."""

    def __init__(self, folder, wallet, venue=None):
        self.folder = folder
        make_certificates(folder)
        self.venue = venue or Simulator(folder / "venue")
        self._heard = b""
        self.credentials = set()
        self.front = TlsFront(folder, self.venue.port, self._hear)
        place = f"localhost:{self.front.port}"
        self.key = secrets.token_hex(32).replace("f", "e")  # below the order of the curve
        self.key_file = folder / "key"
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(self.key + "\n")
        hosts = {"[venue] rest": f'"https://{place}"', "[venue] gamma": f'"https://{place}"',
                 "[venue] ca_file": f'"{folder / "ca.pem"}"'}
        self.manager = hosts | {
            "[venue] mode": '"live"', "user_ws": f'"wss://{place}/ws/user"', "rpc": f'"https://{place}/rpc"',
            "private_key_file": f'"{self.key_file}"', "wallet": f'"{wallet}"', "drift_every": '"5s"'}
        self.gateway = hosts | {"market_ws": f'"wss://{place}/ws/market"'}
        self.outputs = []

    def _hear(self, data):
        self._heard = (self._heard + data)[-4096:]
        if b"passphrase" not in self._heard:
            return
        for name in (b"secret", b"passphrase"):
            self.credentials.update(re.findall(rb'"%s":"([^"]+)"' % name, self._heard))

    def configured(self, name, more, gateway=None, runner=None):
        return changed_configuration(self.folder / name, {"order-manager.toml": self.manager | more,
                                                          "gateway.toml": self.gateway | (gateway or {}),
                                                          "strategy-runner.toml": runner or {}})

    def fault(self, method, name, settings=None):
        status, text = request(f"http://127.0.0.1:{self.venue.admin}/faults/{name}", method, settings)
        demand(status == 200, f"fault {name}: {status} {text}")

    def polybot(self, configuration, *words, data="data", offset=None, **settings):
        """(exit code, all output) of a command of the launcher."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"MODE": "live", "CONFIG": str(configuration), "DATA": str(self.folder / data),
                        "PORT_OFFSET": str(free_offset() if offset is None else offset)} | settings
        (self.folder / data).mkdir(exist_ok=True)
        done = subprocess.run([PROGRAMS / "polybot", *words], env=environment, capture_output=True, text=True,
                              timeout=120, check=False)
        self.outputs.append(done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def expect(self, code, text, configuration, *words, **settings):
        got, output = self.polybot(configuration, *words, **settings)
        demand(got == code and text in output,
               f"{' '.join(words)}: exit code {got}, wanted {code} and \"{text}\":\n{output}")

    def failed_checks(self, configuration):
        """{name of a check of doctor that failed: what to do about it}."""
        code, output = self.polybot(configuration, "doctor", "--json")
        found = next((line for line in output.splitlines() if line.startswith("{")), None)
        demand(found is not None, f"doctor says nothing: {output}")
        failed = {check["name"]: check["next"] for check in json.loads(found)["checks"] if check["verdict"] == "fail"}
        demand(code == (1 if failed else 0), f"doctor ends with {code} and names {sorted(failed)}")
        return failed

    def leaks(self):
        """Where a secret stands in what was printed or logged."""
        demand(len(self.credentials) >= 2, "the credentials were not heard")
        secret = [self.key.encode(), *self.credentials]
        texts = [("output of a command", text.encode()) for text in self.outputs]
        texts += [(str(path), path.read_bytes()) for path in [*self.folder.glob("*.out"), *self.folder.glob("*/logs/*"),
                                                              *self.folder.glob("*/journal/doctor.json")]]
        return [where for where, text in texts if any(one in text for one in secret)]


def log_in(account, configuration):
    """Makes the API key, as the venue's page would: livetest does, and here it stops before an order."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
    environment["POLYBOT_VENUE__MODE"] = "sim"
    done = subprocess.run([PROGRAMS / "order-manager", "livetest", "--market", "none", "--config",
                           configuration / "order-manager.toml"], env=environment, capture_output=True, text=True,
                          timeout=60, check=False)
    account.outputs.append(done.stdout + done.stderr)
    demand("is none of the 100" in done.stdout, done.stdout + done.stderr)
