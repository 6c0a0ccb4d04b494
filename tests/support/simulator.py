"""The simulated venue as a process of its own, apart from a stack."""

import json
import os
import signal
import subprocess

from tests.support.stack import PROGRAMS, free_port, request
from tests.support.waiting import wait_until


def start(ends, *arguments, **settings):
    """A process that ends with `ends`, if there are any, whatever happens."""
    process = subprocess.Popen(*arguments, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, **settings)
    if ends is not None:
        ends.callback(process.wait)
        ends.callback(process.kill)
    return process


class Simulator:
    """The simulated venue alone, with its own market channel or a replay."""

    def __init__(self, folder, before=(), ends=None, **settings):
        self.port, self.admin = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"POLYBOT_API__PORT": str(self.port), "POLYBOT_ADMIN__PORT": str(self.admin),
                        "POLYBOT_DATA__FOLDER": str(folder), "POLYBOT_LOG__FILE": f"{folder}.log"} | settings
        with open(f"{folder}.out", "w") as output:
            self._process = start(ends, [*before, PROGRAMS / "venue-simulator"], env=environment, stdout=output)
        wait_until("the venue is open", lambda: None if self.markets() is not None else "no answer", 30, 0.02)

    def markets(self):
        """{id: YES token} of the open markets; None without an answer."""
        pairs = self.tokens()
        return None if pairs is None else {market: yes for market, (yes, _) in pairs.items()}

    def tokens(self):
        """{id: [YES token, NO token]} of the open markets; None without an answer."""
        status, text = request(f"http://127.0.0.1:{self.port}/markets/keyset?limit=100&closed=false", timeout=3)
        if status != 200:
            return None
        pairs = {market["conditionId"]: json.loads(market.get("clobTokenIds") or "[]")
                 for market in json.loads(text)["markets"]}
        return {market: pair for market, pair in pairs.items() if pair}

    def replay(self):
        status, text = request(f"http://127.0.0.1:{self.admin}/status", timeout=3)
        return json.loads(text)["replay"] if status == 200 else {}

    def stop(self):
        """Its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)
