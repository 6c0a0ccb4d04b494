"""Two stacks with an account each under one Prometheus: no number, alert or notification of one is the other's.

The second stack is scraped as prometheus.yml says, as a target with a name of its own. It loses more than the first one
has; then its order-manager is seen to hang beside the first one's, which lives, and what troubles the first one is told
although the second one has what would silence it. It runs on to the end of the run, because a target that was removed
counts as lost for a day.

The second account's bus runs over TLS, with a certificate of its gateway that ends tomorrow.
"""

import os
import signal
import subprocess

from tests.e2e import prices
from tests.e2e.processes import same_labels
from tests.e2e.provocations import Provocation, command, start_deaf_replica, stop_deaf_replica
from tests.support.stack import Stack, changed_configuration
from tests.support.waiting import ROOT, Failed, say, wait_until

FIRST, SECOND = "main", "two"  # FIRST is the shipped name
LIMIT_USD = 500      # of the day, that the second account may lose
MARGIN_USD = 60      # that it loses besides
GAIN_USD = 1200      # of the first account, so that both together have lost nothing that is worth an alert
DIP = 0.05           # beyond a quote
DIPS = 3
GAINING_MARKETS = 4


def _shares(stack, slugs):
    """YES minus NO that the account holds there."""
    return sum(float(one["yes"]) - float(one["no"]) for one in prices.ask_api(stack, "/api/v1/positions", "positions")
               if one["market"] in slugs)


def _move(moved, stack, jumps):
    prices.move(stack, jumps)
    for slug, jump in jumps.items():
        moved[slug] = moved.get(slug, 0.0) + jump


def _gain(moved, stack, usd):
    """Prices dip, so that bids are hit; then they rise far above, while the account is halted and keeps what it has."""
    chosen = [slug for slug, market in prices.quoted(stack).items()
              if prices.can_move(market, -DIPS * DIP) and prices.can_move(market, prices.JUMP)][:GAINING_MARKETS]
    for _ in range(DIPS):
        _move(moved, stack, dict.fromkeys(chosen, -DIP))
        try:
            wait_until("bids are hit", lambda: None if _shares(stack, chosen) * prices.JUMP >= usd
                       else f"{_shares(stack, chosen):.0f} shares", 15)
            break
        except Failed as failed:
            say(f"  {failed}")
    command(stack, "POST", "/api/v1/trading/halt")
    _move(moved, stack, {slug: prices.JUMP - moved[slug] for slug in chosen})


def _lose(moved, run, stack):
    """Prices fall below the bids, in one market after the other until it is enough."""
    for slug in [slug for slug, market in prices.quoted(stack).items() if prices.can_move(market, -prices.JUMP)]:
        _move(moved, stack, {slug: -prices.JUMP})
        try:
            wait_until("the loss is seen", lambda: None if _daily(run, SECOND) < -LIMIT_USD - MARGIN_USD
                       else f"today {_daily(run, SECOND):.0f} USD", 8)
            break
        except Failed as failed:
            say(f"  {failed}")
    command(stack, "POST", "/api/v1/trading/halt")


def _daily(run, account):
    query = f'sum(max by (strategy) (polybot_daily_pnl_usd{{account="{account}"}}))'
    found = run.monitoring.ask("query", query=query)["result"]
    return float(found[0]["value"][1]) if found else None


def _certificates(*arguments, days):
    subprocess.run([ROOT / "deploy/certificates.sh", *arguments], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DAYS": str(days)})


def _begin(run):
    folder = run.stack.folder / SECOND
    folder.mkdir()
    certificates = folder / "certificates"
    _certificates("make", certificates, days=365)
    _certificates("issue", certificates, "gateway", days=1)
    changes = {name: dict(values) for name, values in run.configuration.items()}
    changes["order-manager.toml"]["daily_loss_max"] = str(LIMIT_USD)
    second = Stack(folder, changed_configuration(folder / "config", changes), settings={"BUS_TLS": str(certificates)})
    run.others[SECOND] = second
    second.wait_ready()
    run.monitoring.watch(SECOND, second.aggregator)
    wait_until("the second account is seen", lambda: None if _daily(run, SECOND) is not None else "no sample of it")
    memory = TWO_ACCOUNTS.memory
    _gain(memory.setdefault("first", {}), run.stack, GAIN_USD + max(0.0, -_daily(run, FIRST)))
    run.wait_cleared(("DailyLossBreached",))
    run.begin(TWO_ACCOUNTS.name)  # what the first one had lost when prices dipped, after earlier faults, is no matter
    _lose(memory.setdefault("second", {}), run, second)


def _first_has_gained(run):
    """Added up, the two would not have lost anything that is worth an alert."""
    first, second = _daily(run, FIRST), _daily(run, SECOND)
    if first is None or second is None:
        return "no sample of one of them"
    return None if second < -LIMIT_USD < first + second else f"today {first:.0f} and {second:.0f} USD"


def _not_of(run, account, alert):
    """Demands that an alert has not fired of that account since the phase began, and that nobody was told so."""
    if any(same_labels(one, alertname=alert, account=account) for one in run.alerts_since_begin()):
        raise Failed(f"{alert} fired of the account {account}, which has no trouble")
    if run.notifications(alert, "firing", account=account):
        raise Failed(f"{alert} of the account {account} was notified, which has no trouble")


def _hang_the_second(run):
    """Its loss is told of it alone. Then its order-manager hangs, and a replica of the first account cannot work."""
    _not_of(run, FIRST, "DailyLossBreached")
    run.wait_notified("DailyLossBreached", "firing", account=SECOND)
    run.others[SECOND].signal("order-manager", signal.SIGSTOP)
    start_deaf_replica(run)

    def missing():
        monitoring = run.monitoring
        firing = monitoring.firing_alerts()
        for labels in ({"alertname": "ServiceDown", "account": SECOND, "service": "order-manager"},
                       {"alertname": "ServiceNotReady", "account": SECOND, "service": "order-manager"},
                       {"alertname": "ReplicaNotReady", "account": FIRST, "service": "strategy-runner"}):
            if not any(same_labels(one, **labels) for one in firing):
                return f"silent: {labels['alertname']} of {labels['account']}"
        # The cause silences its consequence in its own account.
        return None if monitoring.is_silenced("ServiceNotReady", account=SECOND, service="order-manager") \
            else "ServiceNotReady is told beside ServiceDown"
    took = wait_until("the second order-manager is seen to hang", missing, 90)
    run.wait_notified("ServiceDown", "firing", account=SECOND, service="order-manager")
    # ServiceDown of an order-manager silences this alert, but not that of another account.
    run.wait_notified("ReplicaNotReady", "firing", account=FIRST, service="strategy-runner")
    _not_of(run, FIRST, "ServiceDown")
    if not any(same_labels(one, alertname="DailyLossBreached", account=SECOND)
               for one in run.monitoring.firing_alerts()):
        raise Failed("the loss of the second account is forgotten while its order-manager hangs")
    say(f"  the second order-manager was seen to hang after {took:.0f} s")


def _end(run):
    second, memory = run.others[SECOND], TWO_ACCOUNTS.memory
    stop_deaf_replica(run)
    _certificates("issue", second.folder / "certificates", "gateway", days=365)
    for service in ("order-manager", "gateway"):
        if second.pid(service) is not None:
            second.kill(service)
    wait_until("the second stack is ready again", second.not_ready)
    for stack, moved in ((run.stack, memory.pop("first", {})), (second, memory.pop("second", {}))):
        prices.move_back(stack, moved)
        command(stack, "POST", "/api/v1/trading/resume")


TWO_ACCOUNTS = Provocation("two-accounts", alerts=("DailyLossBreached", "BusCertificateExpiring"), begin=_begin,
                           until=_first_has_gained, then=_hang_the_second, end=_end, notified=("DailyLossBreached",))
