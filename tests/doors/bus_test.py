"""Attacks on the ports of a bus over TLS, made on a stack that trades.

A stranger at a port tries to get in: without TLS, with a certificate of an authority that nobody knows, with that of a
role that has no business there. Then somebody has a runner's certificate and uses the ports that a runner may open:
to resume trading, to speak as the gateway, and to show a profit of order-manager's. Nothing of it may be heard, and
what a port can see of it is counted. In the end the gateway's certificate shows that the command was a good one.

  python3 -m tests.doors.bus_test
"""

import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time

from tests.support.exposition import Scrape
from tests.support.stack import Stack, no_fill_at
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until

WORK = BUILD / "doors-bus"
COMMANDS, SIGNALS = 5563, 5560
RUNNERS_METRICS, MANAGERS_METRICS = 5574, 5576
GREETING = b"\0SP\0\0\x20\0\0"   # of NNG's publishers
SECONDS = 10
SILENT = 300                     # more than 256, the most that may be in their handshake at a port
FRAMES_REFUSED = "polybot_bus_frames_refused_total"
EXPIRED = "polybot_bus_handshakes_expired_total"


def certificates(folder):
    subprocess.run([ROOT / "deploy" / "certificates.sh", "make", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


# ---- what is said

def _varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def _field(number, value):
    """A protobuf field: bytes, or a number that goes as a varint."""
    if isinstance(value, int):
        return bytes([number << 3]) + _varint(value)
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _fixed(number, value):
    return bytes([number << 3 | 1]) + struct.pack("<Q", value)


def frame(service, topic, message):
    """A bus frame (proto/polybot/v1/frame.proto) of a process that has just started."""
    producer = _field(1, service) + _field(2, service + b"-666") + _fixed(3, int.from_bytes(os.urandom(7), "big"))
    body = _field(1, producer) + _field(2, topic) + _field(3, 1) + _fixed(4, time.time_ns()) + _field(5, message)
    return topic + b"\0" + body


def resume():
    """Command (proto/polybot/v1/command.proto): the account may trade again."""
    now = time.time_ns()
    identity = _fixed(1, now) + _fixed(2, now)
    return _field(1, identity) + _field(4, _field(2, 1)) + _fixed(8, now) + _fixed(9, now + 60 * 10**9)


def profit(service):
    """MetricSnapshot (proto/polybot/v1/metrics.proto) with a profit in it."""
    series = _field(1, b"arbitrage") + b"\x11" + struct.pack("<d", 1e9)
    family = _field(1, b"polybot_pnl_total") + _fixed(2, 1) + _field(3, series)
    return (_field(1, service) + _field(2, service + b"-666") + _fixed(3, 666) + _field(4, 1) + _field(5, 1)
            + _field(6, 1000) + _field(8, b"journal") + _field(9, 1) + _field(10, family))


# ---- how it gets there

class Closed(Exception):
    """The port did not let the peer in."""


def _receive(peer, size):
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise Closed("it hung up")
        data += part
    return data


class Run:
    def __init__(self):
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        self.ours = certificates(WORK / "certificates")
        self.strangers = certificates(WORK / "strangers")
        self.stack = Stack(WORK, settings={"BUS_TLS": str(self.ours)})
        self.stack.wait_ready()
        wait_until("something is traded", lambda: no_fill_at(self.stack.api), 120)

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port + self.stack.offset), SECONDS)

    def enter(self, port, shown):
        """A connection that NNG takes for a publisher's. `shown`: a certificate, None for TLS without, or "plain"."""
        peer = self.connect(port)
        try:
            if shown != "plain":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE  # an intruder is not choosy
                if shown is not None:
                    context.load_cert_chain(shown)
                peer = context.wrap_socket(peer)
            peer.sendall(GREETING)
            _receive(peer, len(GREETING))
        except (OSError, Closed) as error:
            peer.close()
            raise Closed(str(error) or type(error).__name__) from error
        return peer

    def say(self, port, shown, *frames):
        with self.enter(port, shown) as peer:
            for text in frames:
                peer.sendall(struct.pack(">Q", len(text)) + text)
            time.sleep(1.0)  # what a closed connection still held might be lost, and prove nothing

    def counted(self, name, **labels):
        return Scrape(self.stack.metrics() or "").value(name, **labels) or 0

    def trading_state(self):
        status, text = self.stack.ask("api", "/api/v1/status")
        if status != 200:
            raise Failed(f"the API answers {status}")
        return json.loads(text)["trading_state"]


# ---- the attacks

def strangers_stay_out(run):
    """Every port, and everything that is no certificate of a role that belongs there."""
    ours, tried = run.ours, 0
    wrong = {COMMANDS: ("strategy-runner", "order-manager", "metrics-aggregator"),
             SIGNALS: ("gateway", "order-manager"),
             RUNNERS_METRICS: ("gateway", "order-manager"), MANAGERS_METRICS: ("gateway", "strategy-runner")}
    for port, roles in wrong.items():
        right = {COMMANDS: "gateway", MANAGERS_METRICS: "order-manager"}.get(port, "strategy-runner")
        shown = ["plain", None, run.strangers / right / "certificate.pem",
                 *(ours / role / "certificate.pem" for role in roles)]
        before = run.counted(FRAMES_REFUSED, reason="untrusted_peer")
        for certificate in shown:
            tried += 1
            try:
                run.enter(port, certificate).close()
            except Closed:
                continue
            raise Failed(f"port {port} lets {certificate} in")
        # Those that come within a tenth of a second are counted as one.
        wait_until(f"strangers at port {port} are counted",
                   lambda: None if run.counted(FRAMES_REFUSED, reason="untrusted_peer") > before else "not yet", 20)
    return f"{tried} tries, none let in, counted at each port"


def _refused(run, what, reason, port, *frames):
    before = run.counted(FRAMES_REFUSED, reason=reason)
    run.say(port, run.ours / "strategy-runner" / "certificate.pem", *frames)

    def missing():
        return None if run.counted(FRAMES_REFUSED, reason=reason) >= before + len(frames) else "not counted yet"
    wait_until(f"{what} is counted", missing, 20)
    return f"{len(frames)} frames, counted as {reason}"


def no_command_of_a_runner(run):
    return _refused(run, "a command among the signals", "unknown_topic", SIGNALS,
                    frame(b"strategy-runner", b"command", resume()), frame(b"gateway", b"command", resume()))


def no_signal_of_another(run):
    return _refused(run, "another's word among the signals", "foreign_sender", SIGNALS,
                    frame(b"gateway", b"runner.gateway-666", b"x"), frame(b"order-manager", b"signal.arbitrage", b"x"))


def no_profit_of_a_runner(run):
    seen = _refused(run, "order-manager's profit at a runner's port", "foreign_sender", RUNNERS_METRICS,
                    frame(b"order-manager", b"metrics.strategy-runner", profit(b"order-manager")))
    _refused(run, "order-manager's topic at a runner's port", "unknown_topic", RUNNERS_METRICS,
             frame(b"strategy-runner", b"metrics.order-manager", profit(b"order-manager")))
    before = run.counted("polybot_aggregator_dropped_total", reason="wrong_owner")
    run.say(RUNNERS_METRICS, run.ours / "strategy-runner" / "certificate.pem",
            frame(b"strategy-runner", b"metrics.strategy-runner", profit(b"order-manager")))
    wait_until("order-manager's profit in a runner's frame is counted", lambda: None if run.counted(
        "polybot_aggregator_dropped_total", reason="wrong_owner") > before else "not counted yet", 20)
    shown = run.counted("polybot_pnl_total", strategy="arbitrage")
    if abs(shown) > 1e6:
        raise Failed(f"a profit of {shown:g} is shown")
    return seen


def silent_peers_hold_no_port(run):
    before = run.counted(EXPIRED)
    silent = [run.connect(COMMANDS) for _ in range(SILENT)]
    try:
        status = run.stack.command("POST", "/api/v1/trading/halt")
        if status != 200:
            raise Failed(f"the gateway cannot command meanwhile: {status}")
        wait_until("the silent are ended", lambda: None if run.counted(EXPIRED) >= before + SILENT else
                   f"{run.counted(EXPIRED) - before:g} of {SILENT}", 60)
    finally:
        for peer in silent:
            peer.close()
    return f"{SILENT} ended, a command passed meanwhile"


def still_halted(run):
    state = run.trading_state()
    if state != "halted":
        raise Failed(f"trading is {state}")
    return state


def the_command_was_a_good_one(run):
    run.say(COMMANDS, run.ours / "gateway" / "certificate.pem", frame(b"gateway", b"command", resume()))
    wait_until("trading is active", lambda: None if run.trading_state() == "active" else run.trading_state(), 20)
    return "with the gateway's certificate it resumes trading"


STEPS = (strangers_stay_out, no_command_of_a_runner, no_signal_of_another, no_profit_of_a_runner,
         silent_peers_hold_no_port, still_halted, the_command_was_a_good_one)


def main():
    rows, run = [], Run()
    if run.stack.command("POST", "/api/v1/trading/halt") != 200:
        raise SystemExit("the stack cannot be halted")
    for step in STEPS:
        say(step.__name__.replace("_", " "))
        try:
            rows.append((step.__name__, "ok", step(run)))
        except Failed as failed:
            rows.append((step.__name__, "FAILED", str(failed)))
    code, last_lines = run.stack.stop()
    rows.append(("an_orderly_stop_with_equal_books", "ok" if code == 0 else "FAILED",
                 "" if code == 0 else " | ".join(last_lines)))
    for name, verdict, seen in rows:
        print(f"{name.replace('_', ' '):38}  {verdict:6}  {seen}")
    return 0 if all(verdict == "ok" for _, verdict, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
