"""What an attack is, and the stack that it is made on.

A module of attacks has a tuple ATTACKS, and is listed in doors_test.py. An attack tries to get in; it raises Failed
when it did, and else returns what it was answered, for the table. What it did must then be counted.
"""

import contextlib
import http.client
import socket
import time
from dataclasses import dataclass
from typing import Callable
from urllib.parse import urlsplit

from tests.support.exposition import Scrape
from tests.support.stack import Stack
from tests.support.waiting import Failed, wait_until

COUNTED_SECONDS = 15   # from the gateway to the aggregator's /metrics, with room
NAME = "polybot.example.org"  # under which the stack is reached beside loopback


@dataclass(frozen=True)
class Attack:
    what: str
    make: Callable                                # make(run): what was answered, or Skipped
    count: Callable                               # count(run): how often such a thing was refused so far
    least: int = 1                                # so much it must rise


class Skipped(Exception):
    """The attack cannot be made here; the text says why."""


@dataclass
class Answer:
    status: int
    body: str


class Run:
    def __init__(self, folder):
        self.folder = folder
        self.stack = Stack(folder, settings={"POLYBOT_API__HOSTS": NAME})
        self.memory = {}                       # of the modules
        self.cleanup = contextlib.ExitStack()  # undone before the stack stops
        self.stack.wait_ready()
        wait_until("the whole stack is ready", self.stack.not_ready, 120)

    def place(self, name):
        """(host, port) of a place of the stack."""
        parts = urlsplit(self.stack.place(name))
        return parts.hostname, parts.port

    def halt(self, within, token=None):
        """Halts and resumes; Failed when the halt does not pass in time."""
        took = timed(lambda: self._command("halt", token))
        self._command("resume", token)
        if took > within:
            raise Failed(f"the halt took {took:.2f} s")
        return f"halt in {took * 1000:.0f} ms"

    def orders(self):
        """Sent so far."""
        text = self.stack.metrics()
        return 0 if text is None else Scrape(text).value("polybot_orders_total", status="submitted") or 0

    def _command(self, verb, token):
        status = self.stack.command("POST", f"/api/v1/trading/{verb}", token=token)
        if status != 200:
            raise Failed(f"{verb} is answered {status}")


def timed(action):
    """Seconds that it takes."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def ask(address, method, path, headers=None, timeout=10.0):
    """One request with exactly these fields, on a connection of its own; Host is the address unless told."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, str(error))
    finally:
        connection.close()


def must(answer, *statuses):
    """The answer as text; Failed when it has another status."""
    if answer.status not in statuses:
        raise Failed(f"answered {answer.status}: {answer.body[:120]}")
    return str(answer.status)


def refused(**labels):
    """How many requests the stack says that it refused, by labels of polybot_requests_refused_total."""
    def count(run):
        text = run.stack.metrics()
        if text is None:
            raise Failed("the aggregator does not answer")
        return Scrape(text).value("polybot_requests_refused_total", **labels) or 0
    return count


def connect(address):
    return socket.create_connection(address, timeout=10)
