"""The simulated venue as a process of its own, apart from a stack."""

import json
import os
import signal
import subprocess
import threading

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

    def __init__(self, folder, before=(), ends=None, configuration=None, **settings):
        self.port, self.admin = free_port(), free_port()
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        self._environment |= {"POLYBOT_API__PORT": str(self.port), "POLYBOT_ADMIN__PORT": str(self.admin),
                              "POLYBOT_DATA__FOLDER": str(folder), "POLYBOT_LOG__FILE": f"{folder}.log"} | settings
        self._command = [*before, PROGRAMS / "venue-simulator",
                         *(("--config", configuration) if configuration is not None else ())]
        self._output = f"{folder}.out"
        self._process = self._run(ends)
        wait_until("the venue is open", lambda: None if self.markets() is not None else "no answer", 30, 0.02)

    def _run(self, ends=None):
        with open(self._output, "a") as output:
            return start(ends, self._command, env=self._environment, stdout=output)

    @property
    def pid(self):
        return self._process.pid

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


class LastingSimulator(Simulator):
    """One that is started again whenever it ends, as a launcher would do it, until stop()."""

    def __init__(self, folder, **settings):
        super().__init__(folder, **settings)
        self._stopping = False
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _keep(self):
        while True:
            self._process.wait()
            if self._stopping:
                return
            self._process = self._run()

    def stop(self):
        self._stopping = True
        code = super().stop()
        self._keeper.join(20)
        return code
