"""How the tests that run real processes wait and report: shared by e2e, compose and chaos."""

import os
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Of the build trees and of what tests leave to be looked at; make names another where the checkout cannot be written.
BUILD = ROOT / (os.environ.get("BUILD_FOLDER") or "build")

_started = time.monotonic()


class Failed(Exception):
    """A condition did not come about in time, or a process or command failed: one line for the person watching."""


def say(text):
    """One progress line, with the seconds since the start."""
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", flush=True)


def wait_until(what, condition, seconds=60.0, every=0.25):
    """Asks condition() until it returns None, not what is missing; returns how long it took.

    A condition that raises Failed ends the wait: what it waits for cannot come about any more.
    """
    begun = time.monotonic()
    say_next = begun + 10
    while True:
        missing = condition()
        now = time.monotonic()
        if missing is None:
            return now - begun
        if now - begun > seconds:
            raise Failed(f"{what}: not within {seconds:g} s ({missing})")
        if now >= say_next:
            say(f"  waiting: {what} ({missing})")
            say_next = now + 10
        time.sleep(every)
