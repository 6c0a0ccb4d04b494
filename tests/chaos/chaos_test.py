"""The real processes under kill -9, SIGSTOP, scaling and every fault of the venue; then the books are compared.

The stack trades on the built-in venue with a lively crowd. First order-manager dies a few times and is not
started again: the venue has to cancel what it left. Then, after some trading in peace, comes the storm of the seed
(storm.py), with three restores of a backup (restores.py), while counters and leases are watched each second (watch.py).
Then everything works again, trading ends, and when nothing is open or in doubt the venue's truth, the journal's fold,
/metrics, the API, the exports and the screen must say the same (truth.py). A run that was too calm to show
anything fails as vacuous. Exit code 1 on any difference.

  python3 -m tests.chaos.chaos_test [DURATION [SEED]]    seconds of storm, 180 unless told; seed 1 unless told
  python3 -m tests.chaos.chaos_test DURATION SEED live   in live mode, with the venue elsewhere, behind TLS
  BUS=tls python3 -m tests.chaos.chaos_test ...          with the bus over TLS on loopback instead of local sockets
  LOSS=1 BUS=tls python3 -m tests.chaos.chaos_test ...   which loses one packet in a hundred (root or user namespaces)
"""

import os
import shutil
import subprocess
import sys
import time

from tests.chaos import dead_man, lossy
from tests.chaos.lively import LIVELY, merged
from tests.chaos.replicas import Replicas
from tests.chaos.restores import Restores
from tests.chaos.storm import SERVICES, Storm, end_of_faults
from tests.support import leases, namespaces, truth
from tests.support.live import ACKNOWLEDGEMENT, Account, LiveStack, log_in
from tests.support.rest import come_to_rest
from tests.support.simulator import LastingSimulator
from tests.support.stack import Stack, changed_configuration
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until
from tests.support.watch import Watch

WORK = BUILD / "chaos"
RUNNERS = 3
DEATHS = 3
PEACE_SECONDS = 20       # in which the account fills with orders, positions and claims before the storm
READY_SECONDS = 120
SHOWN_MAX = 5

# Short doubts, and markets that end within the run.
CONFIGURATION = merged(LIVELY, {
    "venue-simulator.toml": {"rate": "4000", "rotate_period": '"20s"', "resolve_after_min": '"2s"',
                             "resolve_after_max": '"6s"'},
    "order-manager.toml": {"request_timeout": '"3s"', "ambiguous_hold": '"6s"', "drift_every": '"5s"',
                           "marks_every": '"2s"'},
    # Signals outlive a lease, and two strategies meet in each market.
    "strategy-runner.toml": {"ttl": '"10s"', "repeat_every": '"100ms"', "[strategies.spread_farm] last_shard": "63",
                             "[strategies.momentum] first_shard": "0"},
})

# What a run of three minutes must have seen; a longer or shorter one in proportion.
LEAST = {"orders": 2_000, "fills": 500, "kills": 30, "kills of order-manager": 10, "ambiguous orders": 20,
         "ambiguous orders that had taken effect": 8, "reversed fills": 10, "resolutions": 5, "lease moves": 100,
         "fenced signals": 20, "replays": 5, "restores": 3}
LEAST_SECONDS = 180


class Table:
    def __init__(self):
        self.rows = []
        self.failed = False

    def add(self, what, found, note=""):
        """`found`: texts of the faults."""
        self.failed |= bool(found)
        self.rows.append((what, "FAILED" if found else "ok", note or (f"{len(found)} differences" if found else "")))
        self.rows += [("", "", "  " + text) for text in found[:SHOWN_MAX]]
        if len(found) > SHOWN_MAX:
            self.rows.append(("", "", f"  and {len(found) - SHOWN_MAX} more"))

    def show(self):
        width = max(len(what) for what, _, _ in self.rows)
        for what, verdict, note in self.rows:
            print(f"{what:{width}}  {verdict:6}  {note}".rstrip())


def seen(facts, watch, replicas):
    """{name of LEAST: how much of it the run had}."""
    ambiguous = [number for number, order in facts.orders.items() if order["ambiguous"]]
    value = facts.metrics.value
    return {"orders": facts.journal["totals"]["orders"]["submitted"],
            "fills": watch.risen["polybot_fills_total"], "kills": sum(replicas.kills.values()),
            "kills of order-manager": replicas.kills.get("order-manager", 0), "ambiguous orders": len(ambiguous),
            "ambiguous orders that had taken effect": sum(number in facts.venue.orders for number in ambiguous),
            "reversed fills": watch.risen["polybot_fills_reversed_total"],
            "resolutions": value("polybot_journal_events_total", kind="market_resolved") or 0,
            "lease moves": watch.lease_moves,
            "fenced signals": value("polybot_signals_received_total", outcome="fenced") or 0,
            "replays": value("polybot_bus_replays_total", outcome="answered") or 0,
            "restores": len(facts.journal["restores"])}


def quiesce(stack, replicas, restores):
    """Everything works, trading has stopped, and nothing is open or in doubt."""
    replicas.let_all_go_on()
    wait_until("the simulator is back", lambda: _no_answer(stack, "venue-simulator", "/status"), 60)
    end_of_faults(stack)
    stack.scale(RUNNERS)
    _tended(replicas, "everything is ready", stack.not_ready, READY_SECONDS)
    _tended(replicas, "trading is resumed", restores.pending, READY_SECONDS)
    come_to_rest(stack, lambda what, condition, seconds: _tended(replicas, what, condition, seconds))


def _tended(replicas, what, condition, seconds):
    def missing():
        replicas.tend()
        return condition()
    return wait_until(what, missing, seconds)


def _no_answer(stack, place, path):
    return None if stack.ask(place, path, timeout=2)[0] == 200 else "no answer"


def compare(stack, table):
    """Adds a row per check; None when nothing could be read."""
    try:
        facts, different = truth.lasting_differences(stack)
    except Failed as failed:
        table.add("the four can be read", [str(failed)])
        return None
    for name, found in different.items():
        table.add(name, found)
    return facts


def judge(run, table, duration):
    stack, replicas, watch, deaths = run
    table.add("order-manager gone: the venue cancels", dead_man.too_slow(deaths), dead_man.distribution(deaths))
    facts = compare(stack, table)
    try:
        wait_until("every shard has a holder", lambda: leases.missing(leases.read(stack)), 20)
        table.add("every shard has a holder in the end", [])
    except Failed as failed:
        table.add("every shard has a holder in the end", [str(failed)])
    for name, found in watch.findings().items():
        table.add(name, found, f"{watch.samples} looks at the leases, {watch.scrapes} scrapes")
    if facts is None:
        return
    rewound = facts.metrics.value("polybot_aggregator_conflicts_total", kind="journal_rewound")
    table.add("no restore looks like a journal that was put back by hand",
              [f"{rewound:g} conflicts"] if rewound else [],
              f"{len(truth.lost(facts))} orders are older than a restore")
    for name, count in seen(facts, watch, replicas).items():
        least = LEAST[name] * duration / LEAST_SECONDS
        table.add(f"not vacuous: {name}", [] if count >= least else [f"a run of {duration:g} s needs {least:.0f}"],
                  f"{count:.0f}")


def bus_settings(bus):
    """What the launcher is told about the bus: local sockets, or TLS with certificates of this run."""
    if bus in ("", "ipc"):
        return {}
    if bus != "tls":
        raise SystemExit(f"chaos: BUS must be ipc or tls, not '{bus}'")
    folder = WORK / "certificates"
    subprocess.run([ROOT / "deploy" / "certificates.sh", "make", folder], check=True, stdout=subprocess.DEVNULL)
    return {"BUS_TLS": str(folder)}


def loss_percent():
    text = os.environ.get("LOSS", "") or "0"
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 20:
        raise SystemExit(f"chaos: LOSS must be a percentage from 0 to 20, not '{text}'")
    if percent and os.environ.get("BUS", "") != "tls":
        raise SystemExit("chaos: LOSS needs BUS=tls: local sockets lose nothing")
    return percent


def start(arguments):
    """Here, or in a network of its own when that shall lose packets."""
    if not loss_percent() or namespaces.inside():
        return main(float(arguments[0]) if arguments else 180.0, int(arguments[1]) if len(arguments) > 1 else 1,
                    live=arguments[2:] == ["live"])
    code = namespaces.start_again(["--net"], "tests.chaos.chaos_test", arguments)
    if code is None:
        raise SystemExit("chaos: LOSS needs root or user namespaces")
    return code


def live_stack(seed):
    """(the stack, ready and resumed; its account)."""
    file = "venue-simulator.toml"
    settings = changed_configuration(WORK / "venue-config", {file: CONFIGURATION[file]})
    venue = LastingSimulator(WORK / "venue", POLYBOT_FLOW__SEED=str(seed), configuration=settings / file)
    account = Account(WORK, "eoa", venue)
    configuration = account.configured("config", CONFIGURATION["order-manager.toml"] | {
        "acknowledgement": ACKNOWLEDGEMENT}, runner=CONFIGURATION["strategy-runner.toml"])
    log_in(account, configuration)
    account.expect(0, "doctor: pass", configuration, "doctor")
    return LiveStack(WORK, configuration, venue, {"RUNNERS": str(RUNNERS)}), account


def resume(stack):
    if stack.command("POST", "/api/v1/trading/resume") != 200:
        raise Failed("it cannot be resumed")


def main(duration, seed, live=False):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    table = Table()
    bus = os.environ.get("BUS", "")
    loss = loss_percent()
    say(f"storm of {duration:g} s, seed {seed}" + (", in live mode" if live else "")
        + (f", the bus over {bus}" if bus else "") + (f", which loses {loss:g} % of its packets" if loss else ""))
    if loss:
        lossy.begin()
    account = None
    if live:
        stack, account = live_stack(seed)
    else:
        stack = Stack(WORK, changed_configuration(WORK / "config", CONFIGURATION),
                      {"SEED": str(seed), "RUNNERS": str(RUNNERS), **bus_settings(bus)})
    if loss:
        lossy.lose(loss, stack.offset)
    replicas, watch = Replicas(stack), Watch(stack)
    try:
        stack.wait_ready()
        if live:
            resume(stack)
        watch.start()
        say(f"order-manager dies {DEATHS} times for good")
        deaths = dead_man.rounds(stack, DEATHS, seed)
        say(f"{PEACE_SECONDS} s of peace")
        time.sleep(PEACE_SECONDS)
        restores = Restores(stack, replicas, watch)
        Storm(seed, duration).rage(stack, replicas, restores)
        say("the storm is over: " + ", ".join(f"{service} killed {replicas.kills.get(service, 0)} times"
                                              for service in SERVICES))
        begun = time.monotonic()
        quiesce(stack, replicas, restores)
        say(f"quiet after {time.monotonic() - begun:.1f} s")
        judge((stack, replicas, watch, deaths), table, duration)
    except Failed as failed:
        table.add("the run", [str(failed)], "given up")
    finally:
        watch.stop()
        replicas.let_all_go_on()
        code, last_lines = stack.stop()
    if loss:
        table.add("not vacuous: packets lost", [] if lossy.lost() else ["none"], f"{lossy.lost()}")
    table.add("an orderly stop, verified by the launcher", [] if code == 0 else last_lines)
    if live:
        account.venue.stop()
        table.add("no secret in any output", account.leaks())
    print()
    table.show()
    print(f"\nchaos, {duration:g} s, seed {seed}: " + ("FAILED" if table.failed else "passed")
          + (f"; its files are in {WORK}" if table.failed else ""))
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
