"""Trading in live mode, against a simulator behind TLS that plays the venue: `make live-test`.

For each wallet type: a start without acknowledgement, limits or a doctor that passed is refused by name; doctor passes;
the stack starts halted and sends nothing; livetest places, cancels and fills beside it; it trades once resumed, goes on
after a kill -9, and at the end the venue's truth, journal, metrics and API are equal. A second order-manager on the
account ends by itself. No output of any of it has the key or the API credentials.

    python3 -B -m tests.live.live_test [WALLET...]
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import truth
from tests.support.live import ACKNOWLEDGEMENT, LIMITS, Account, LiveStack, demand, log_in
from tests.support.rest import come_to_rest, submitted
from tests.support.stack import PROGRAMS, free_port, no_fill_at
from tests.support.waiting import Failed, say, wait_until

WALLETS = ("eoa", "proxy", "safe", "deposit")
HALTED_SECONDS = 6.0
ORDERS = 50  # sent before a kill, and after it
FENCED = 76
# Of the venue: the check of doctor that names it, and how it is set.
VENUE_FAULTS = {"site-block": ("site", {}), "venue-clock": ("clock", {"delay_ms": 30_000}),
                "other-version": ("version", {}), "region-block": ("region", {}), "closed-only": ("closed-only", {}),
                "chain-unread": ("update", {}), "no-allowance": ("spender-standard", {}), "post-only": ("windows", {}),
                "cancel-only": ("windows", {}), "old-collateral": ("collateral", {})}
FRONT_FAULTS = {"expired": "tls", "dead": "host"}
BUS = ("quotes", "signals", "commands", "orders", "orders_recovery", "metrics", "status")


def check_refusals(account):
    """Without an acknowledgement, without limits, and without a doctor nothing starts, and a venue is one venue."""
    acknowledged = {"acknowledgement": ACKNOWLEDGEMENT}
    account.expect(1, "live.acknowledgement", account.configured("unsigned", LIMITS), "run")
    account.expect(1, "live.position_max", account.configured("unlimited", acknowledged), "run")
    whole = account.configured("config", acknowledged | LIMITS)
    account.expect(1, "doctor has not looked at it yet", whole, "run")
    elsewhere = account.configured("elsewhere", acknowledged | LIMITS, {"[venue] rest": '"https://elsewhere.test"'})
    account.expect(1, "write the same venue.rest", elsewhere, "run")
    say("each start was refused that lacked something")


def check_doctor(account, whole):
    """Each thing that would have the venue refuse an order is named, with what to do, and is gone with its cause."""
    def named(cause, wanted, configuration=whole):
        failed = account.failed_checks(configuration)
        demand(wanted in failed, f"{cause}: doctor does not name {wanted}, but {sorted(failed)}")
        demand(failed[wanted], f"{cause}: doctor does not say what to do about {wanted}")

    for fault, (check, settings) in VENUE_FAULTS.items():
        account.fault("POST", fault, settings)
        named(fault, check)
        account.fault("DELETE", fault)
    for state, check in FRONT_FAULTS.items():
        account.front.become(state)
        named(f"the way to the venue: {state}", check)
    account.front.become("pass")
    account.key_file.chmod(0o644)
    named("a key that others can read", "key")
    account.key_file.chmod(0o600)
    trusted = {"acknowledgement": ACKNOWLEDGEMENT} | LIMITS
    named("a limit below the venue's minimum", "minimum",
          account.configured("small", trusted | {"[live] order_notional_max": "1"}))
    named("the wallet of somebody else", "wallet",
          account.configured("foreign", trusted | {"wallet": '"safe"', "funder": f'"0x{"0" * 38}aa"'}))
    account.expect(0, "doctor: pass", whole, "doctor")
    say(f"doctor named {len(VENUE_FAULTS) + len(FRONT_FAULTS) + 3} faults, and none when they had ended")


def check_halted(stack):
    """Nothing reaches the venue."""
    before = truth.read_venue(stack).orders
    time.sleep(HALTED_SECONDS)
    demand(truth.read_venue(stack).orders.keys() == before.keys(), "orders were sent while trading is halted")


def check_rival(account, configuration):
    """A second order-manager on the account, with a journal and a doctor of its own."""
    folder = account.folder / "rival"
    bus = folder / "bus"
    bus.mkdir(mode=0o700, parents=True)
    account.expect(0, "doctor: pass", configuration, "doctor", data="rival")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
    environment |= {"POLYBOT_JOURNAL__FILE": str(folder / "journal" / "journal.db"),
                    "POLYBOT_ADMIN__PORT": str(free_port())}
    environment |= {f"POLYBOT_BUS__{name.upper()}": f"ipc://{bus}/{name}.ipc" for name in BUS}
    done = subprocess.run([PROGRAMS / "order-manager", "--config", configuration / "order-manager.toml"],
                          env=environment, capture_output=True, text=True, timeout=90, check=False)
    account.outputs.append(done.stdout + done.stderr)
    demand(done.returncode == FENCED, f"the second order-manager ended with {done.returncode}: "
           f"{(done.stdout + done.stderr)[-300:]}")
    say("a second order-manager ended with 76")


def trade(account, configuration, with_rival):
    stack = LiveStack(account.folder, configuration, account.venue)
    try:
        wait_until("the stack is ready", stack.not_started, 120)
        status = json.loads(stack.ask("api", "/api/v1/status")[1])
        demand(status["trading_state"] == "halted" and status["mode"] == "live", f"it does not start halted: {status}")
        check_halted(stack)
        before = truth.read_venue(stack).orders.keys()
        account.expect(0, "livetest: pass", configuration, "livetest", "--fill", "40", offset=stack.offset)
        stack.by_hand = frozenset(truth.read_venue(stack).orders.keys() - before)
        demand(len(stack.by_hand) == 2, f"livetest placed {len(stack.by_hand)} orders")
        if with_rival:
            check_rival(account, configuration)
        demand(stack.command("POST", "/api/v1/trading/resume") == 200, "it cannot be resumed")
        took = wait_until("an order of a strategy is filled", lambda: no_strategy_fill(stack), 120)
        say(f"traded {took:.1f} s after it was resumed")
        trades_on(stack)
        stack.kill("order-manager")
        wait_until("it is ready after a kill", stack.not_ready, 60)
        demand(json.loads(stack.ask("api", "/api/v1/status")[1])["trading_state"] == "active", "a kill -9 halted it")
        trades_on(stack)
        come_to_rest(stack)
        facts, different = truth.lasting_differences(stack)
        found = [f"{name}: {rows[:3]}" for name, rows in different.items() if rows]
        demand(not found, "\n".join(found))
        say(f"{len(facts.orders)} orders, {len(facts.venue.trades)} trades; each comparison is equal")
        demand("LIVE" in stack.said(), "the screen does not say LIVE")
    finally:
        code, lines = stack.stop()
    account.outputs.append(stack.said())
    say("\n".join(lines))
    demand(code == 0 and any(re.search(r"venue \(.*\) == journal == metrics", line) for line in lines),
           f"it ended with {code}")


def trades_on(stack):
    begun = submitted(stack) or 0

    def missing():
        more = (submitted(stack) or 0) - begun
        return None if more >= ORDERS else f"{more:g} more orders"
    wait_until(f"{ORDERS} more orders are sent", missing, 120)


def no_strategy_fill(stack):
    missing = no_fill_at(stack.api)
    if missing:
        return missing
    fills = json.loads(stack.ask("api", "/api/v1/fills?limit=200")[1])["fills"]
    return None if any(fill["strategy"] != "external" for fill in fills) else "only the fill of livetest"


def run(folder, wallet, first):
    account = Account(folder, wallet)
    try:
        if first:
            check_refusals(account)
        configuration = account.configured("config", {"acknowledgement": ACKNOWLEDGEMENT} | LIMITS)
        log_in(account, configuration)
        if first:
            check_doctor(account, configuration)
        account.expect(0, "doctor: pass", configuration, "doctor")
        trade(account, configuration, first)
        demand(not account.leaks(), f"a secret stands in {account.leaks()}")
    finally:
        account.venue.stop()


def main():
    wallets = sys.argv[1:] or WALLETS
    for number, wallet in enumerate(wallets):
        say(f"a wallet of the type {wallet}")
        with tempfile.TemporaryDirectory(prefix="polybot-live-") as folder:
            try:
                run(Path(folder), wallet, number == 0)
            except Failed as failure:
                say(f"FAILED: {failure}")
                return 1
    say("live is what the venue has")
    return 0


if __name__ == "__main__":
    sys.exit(main())
