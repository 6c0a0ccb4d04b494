"""Two order-managers on one account, as two hosts or a restored backup make them: one of them ends, by itself and with
exit code 76, the other goes on, and no order is sent twice.

  /usr/bin/python3 -B -m tests.doors.rival_test        (builds nothing)
"""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.support.stack import PROGRAMS, Stack, free_port, no_fill_at, request
from tests.support.waiting import Failed, wait_until

FENCED = 76
STAND_STILL_SECONDS = 12
ADDRESSES = ("quotes", "signals", "commands", "orders", "orders_recovery", "metrics", "status")


class Rival:
    """A second order-manager of the stack's account, with a journal and a bus of its own."""

    def __init__(self, stack):
        folder = stack.folder / "rival"
        folder.mkdir(mode=0o700)
        self.admin = f"http://127.0.0.1:{free_port()}"
        venue = f"127.0.0.1:{8090 + stack.offset}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"POLYBOT_ADMIN__PORT": self.admin.rpartition(":")[2], "POLYBOT_VENUE__REST": "http://" + venue,
                        "POLYBOT_VENUE__GAMMA": "http://" + venue, "POLYBOT_VENUE__USER_WS": f"ws://{venue}/ws/user",
                        "POLYBOT_JOURNAL__FILE": str(folder / "journal.db"),
                        "POLYBOT_VENUE__PRIVATE_KEY_FILE": str(stack.data / "secrets" / "venue-key")}
        environment |= {f"POLYBOT_BUS__{name.upper()}": f"ipc://{folder}/{name}.ipc" for name in ADDRESSES}
        self.output = folder / "output"
        with open(self.output, "w") as output:
            self._process = subprocess.Popen(
                [PROGRAMS / "order-manager", "--config", PROGRAMS.parents[2] / "deploy/config/order-manager.toml"],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def ended(self):
        return None if self._process.poll() is not None else "the second order-manager runs"

    def exit_code(self):
        return self._process.returncode

    def not_ready(self):
        if self._process.poll() is not None:
            raise Failed("the second order-manager ended: " + self.output.read_text()[-300:])
        status, text = request(self.admin + "/health/ready", timeout=3)
        return None if status == 200 else text[:200]

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class TwoOrderManagers(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="polybot-rival-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.stack = Stack(self.folder)
        self.addCleanup(self.stack.stop)
        self.stack.wait_ready()
        wait_until("something is traded", lambda: no_fill_at(self.stack.api), 60)
        self.rival = Rival(self.stack)
        self.addCleanup(self.rival.kill)

    def test_the_second_one_ends_and_the_first_trades_on(self):
        wait_until("the second one ends", self.rival.ended, 60)
        self.assertEqual(self.rival.exit_code(), FENCED, self.rival.output.read_text()[-500:])
        self.assertIsNone(self.stack.not_ready())
        code, lines = self.stack.stop()
        self.assertEqual(code, 0, lines)

    def test_the_first_one_ends_when_it_was_away_for_too_long(self):
        first = self.stack.pid("order-manager")
        os.kill(first, signal.SIGSTOP)
        wait_until("the second one has the account", self.rival.not_ready, 4 * STAND_STILL_SECONDS)
        os.kill(first, signal.SIGCONT)
        wait_until("the first one ends", self._first_ended, 60)
        self.assertIsNone(self.rival.not_ready())

    def _first_ended(self):
        return None if "order-manager ended with exit code 76" in self.stack.said() else "the first order-manager runs"


if __name__ == "__main__":
    unittest.main(verbosity=2)
