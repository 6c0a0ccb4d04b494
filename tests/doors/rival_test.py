"""Two order-managers on one account, as two hosts or a restored backup make them: one of them ends, by itself and with
exit code 76, the other goes on, and no order is sent twice. Who has ended does not start again, and asks the venue
nothing, until a person has removed the file that it left.

  /usr/bin/python3 -B -m tests.doors.rival_test        (builds nothing)
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.support.stack import FIRST_FILL, PROGRAMS, Stack, fetch, free_port, no_fill_at, request
from tests.support.waiting import Failed, wait_until

FENCED = 76
STAND_STILL_SECONDS = 12
ADDRESSES = ("quotes", "signals", "commands", "orders", "orders_recovery", "metrics", "status")


class Rival:
    """A second order-manager of the stack's account, with a journal and a bus of its own."""

    def __init__(self, stack):
        self.folder = stack.folder / "rival"
        self.folder.mkdir(mode=0o700)
        self.admin = f"http://127.0.0.1:{free_port()}"
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        self._environment |= {"POLYBOT_ADMIN__PORT": self.admin.rpartition(":")[2],
                              "POLYBOT_JOURNAL__FILE": str(self.folder / "journal.db"),
                              "POLYBOT_VENUE__PRIVATE_KEY_FILE": str(stack.data / "secrets" / "venue-key")}
        self._environment |= {f"POLYBOT_BUS__{name.upper()}": f"ipc://{self.folder}/{name}.ipc" for name in ADDRESSES}
        self.output = self.folder / "output"
        self.start(8090 + stack.offset)

    def start(self, venue_port):
        """Also another time, when it has ended."""
        venue = f"127.0.0.1:{venue_port}"
        environment = self._environment | {"POLYBOT_VENUE__REST": "http://" + venue,
                                           "POLYBOT_VENUE__GAMMA": "http://" + venue,
                                           "POLYBOT_VENUE__USER_WS": f"ws://{venue}/ws/user"}
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
        fence = self.rival.folder / "fenced"
        self.assertRegex(fence.read_text(), r"\Aat 20\S+Z\naccount 0x[0-9a-fA-F]{40}\nheartbeat \S+\n")
        self._starts_in_vain(fence)
        code, lines = self.stack.stop()
        self.assertEqual(code, 0, lines)

    def _starts_in_vain(self, fence):
        """As a supervisor does that starts again whatever has ended."""
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as venue:
                self.rival.start(venue.getsockname()[1])
                wait_until("the second one ends again", self.rival.ended, 20)
                venue.setblocking(False)
                with self.assertRaises(BlockingIOError, msg="it has asked the venue something"):
                    venue.accept()
            self.assertEqual(self.rival.exit_code(), FENCED)
            self.assertIn(f"remove {fence}", self.rival.output.read_text())

    def test_the_first_one_ends_when_it_was_away_for_too_long(self):
        first = self.stack.pid("order-manager")
        os.kill(first, signal.SIGSTOP)
        wait_until("the second one has the account", self.rival.not_ready, 4 * STAND_STILL_SECONDS)
        os.kill(first, signal.SIGCONT)
        wait_until("the first one ends", self._first_ended, 60)
        self.assertIsNone(self.rival.not_ready())
        self._trades_again_when_a_person_says_so(self.stack.data / "journal" / "fenced")

    def _trades_again_when_a_person_says_so(self, fence):
        self.rival.kill()
        self.stack.stop()
        refused = Stack(self.folder)
        self.addCleanup(refused.stop)
        wait_until("the start is refused", lambda: None if "exit code 76" in refused.said() else "it goes on", 60)
        refused.stop()
        self.assertIn(f"remove {fence}", refused.said())
        fence.unlink()
        again = Stack(self.folder)
        self.addCleanup(again.stop)
        again.wait_ready()
        newest = fetch(again.api + FIRST_FILL)
        wait_until("it trades again",
                   lambda: None if fetch(again.api + FIRST_FILL) not in ("", newest) else "no new fill", 60)

    def _first_ended(self):
        return None if "order-manager ended with exit code 76" in self.stack.said() else "the first order-manager runs"


if __name__ == "__main__":
    unittest.main(verbosity=2)
