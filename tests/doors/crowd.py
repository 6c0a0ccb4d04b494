"""Readers who take every connection, in three ways; the halt must pass in a second all the same."""

import contextlib
import resource

from tests.doors.attack import Attack, ask, connect, must, refused
from tests.support.waiting import Failed, wait_until

READERS = 1024          # api.connections_max as shipped
MORE = 100              # than fit
OTHERS = 24             # who read as well: the screen
HALT_SECONDS = 1.0
UPGRADE = ("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


@contextlib.contextmanager
def _crowd(address, size, greeting=b"", answer=b""):
    """So many connections that send `greeting` and stay; when they are to be answered, as many as are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < size + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, size + 200), hard))
    # The crowd before has hung up, which takes the server a moment to see.
    wait_until("a reader is served", lambda: None if ask(address, "GET", "/").status in (200, 404) else "not yet", 15)
    with contextlib.ExitStack() as stack:
        for number in range(size):
            reader = stack.enter_context(connect(address))
            reader.sendall(greeting)
            if answer and not reader.recv(4096).startswith(answer):
                if number < size - OTHERS:
                    raise Failed(f"reader {number} is not answered {answer!r}")
                break
        yield


def _silent(run):
    """They say nothing. Those who have been silent for longest are closed for newcomers, who are served."""
    with _crowd(run.place("api"), READERS + MORE):
        must(ask(run.place("api"), "GET", "/api/v1/status"), 200)
        return run.halt(HALT_SECONDS)


def _half_a_request(run):
    """They begin a request and never end it: none of them is idle."""
    with _crowd(run.place("api"), READERS + MORE, b"GET /api/v1/sta"):
        return run.halt(HALT_SECONDS)


def _subscribed(run):
    """They hold a stream each, as they may: nobody is closed, further readers are told to come back."""
    with _crowd(run.place("api"), READERS, UPGRADE.encode(), b"HTTP/1.1 101 "):
        further = must(ask(run.place("api"), "GET", "/api/v1/status"), 503)
        return f"readers {further}; {run.halt(HALT_SECONDS)}"


def _scraped(run):
    """The same at the port that Prometheus reads."""
    with _crowd(run.place("metrics-aggregator"), READERS + MORE):
        must(ask(run.place("metrics-aggregator"), "GET", "/metrics", timeout=1.0), 200)
        return "/metrics is served"


ATTACKS = (
    Attack("1,124 readers connect and say nothing", _silent, refused(port="api", reason="crowded"), least=MORE),
    Attack("1,024 readers hold a stream each", _subscribed, refused(port="api", reason="crowded")),
    Attack("1,124 readers begin a request and never end it", _half_a_request,
           refused(port="api", reason="crowded")),
    Attack("1,124 connections at the metrics port say nothing", _scraped,
           refused(service="metrics-aggregator", port="admin", reason="crowded"), least=MORE),
)
