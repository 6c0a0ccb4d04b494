"""A backup taken while everything trades, and later put in the place of the journal while everything else runs on."""

import os
import signal
import subprocess
import time

from tests.support.stack import PROGRAMS
from tests.support.waiting import Failed

# The state of the lost journal: it can be read, is gone, or is damaged.
FATES = ("whole", "gone", "damaged")
GONE_SECONDS = 10


class Restores:
    def __init__(self, stack, replicas, watch):
        self._stack, self._replicas, self._watch = stack, replicas, watch
        self._journal = stack.data / "journal" / "journal.db"
        self._backup = stack.folder / "backup.db"
        self._resume = False      # trading is halted until it is resumed
        self._next_try = 0.0
        self.count = 0

    def back_up(self):
        self._order_manager("backup", "--force", self._journal, self._backup)

    def restore(self, fate):
        """kill -9, the journal is lost, the backup is restored; the launcher starts order-manager again."""
        os.kill(self._stack.launcher, signal.SIGSTOP)  # it would start order-manager in between
        try:
            self._end_order_manager()
            if fate == "gone":
                for file in self._journal.parent.glob("journal.db*"):
                    if not file.name.endswith(".lock"):
                        file.unlink()
            elif fate == "damaged":
                with open(self._journal, "r+b") as file:
                    file.seek(0)
                    file.write(b"x" * 4096)
            said = self._order_manager("restore", self._backup, self._journal)
            self._resume = self._resume or "Trading is halted" in said
            self._watch.restored()
            self.count += 1
        finally:
            os.kill(self._stack.launcher, signal.SIGCONT)

    def tend(self):
        """Call it often: resumes trading as an operator does, once commands are accepted."""
        if not self._resume or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + 1
        self._resume = self._stack.command("POST", "/api/v1/trading/resume", timeout=2) != 200

    def pending(self):
        """As a condition to wait for."""
        self.tend()
        return "trading is not resumed yet" if self._resume else None

    def _end_order_manager(self):
        deadline = time.monotonic() + GONE_SECONDS
        killed = None   # counts once, however long it takes to end
        while self._stack.is_between_processes() or self._stack.pid("order-manager") is not None:
            present = self._stack.pid("order-manager")
            if present not in (None, killed) and self._replicas.kill("order-manager"):
                killed = present
            if time.monotonic() > deadline:
                raise Failed("order-manager does not end")
            time.sleep(0.05)

    @staticmethod
    def _order_manager(*words):
        done = subprocess.run([PROGRAMS / "order-manager", *words], capture_output=True, text=True, timeout=120,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"order-manager {words[0]}: {(done.stderr or done.stdout).strip()[:300]}")
        return done.stdout
