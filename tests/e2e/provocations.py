"""The faults, how each is caused, and what must then be seen.

One provocation is one phase of the run: `begin` breaks something, every alert of `alerts` must fire and each
family whose catalogue proof is `fault:NAME` must leave its resting value; then `end` mends it and the alerts
must clear. `also` names further proofs that the same phase gives.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Callable

from tests.e2e import prices
from tests.e2e.processes import listening
from tests.support.stack import PROGRAMS, free_port
from tests.support.waiting import Failed, wait_until


@dataclass
class Provocation:
    name: str
    begin: Callable
    end: Callable = lambda run: None
    alerts: tuple = ()
    # Asked until it returns None, while the fault is on: the effect that is waited for.
    until: Callable = lambda run: None
    # Repeated until that is seen and the alerts fire.
    meanwhile: Callable = lambda run: None
    # Once they do.
    then: Callable = lambda run: None
    # Of these, somebody must be told that they fire, and that they have ended.
    notified: tuple = ()
    memory: dict = field(default_factory=dict)


def _faults(*names, **settings):
    def begin(run):
        for name in names:
            run.stack.fault(name, **settings)
    return begin


def _clear(*names):
    def end(run):
        for name in names:
            run.stack.clear(name)
    return end


def _seen(what, shows):
    """Waits until a scrape since the phase began shows something: it may last for less than a look at it takes."""
    return lambda run: None if any(shows(scrape) for scrape in run.scrapes_since_begin()) else f"never seen: {what}"


def _above(name, **labels):
    """Waits until the sum of a family's samples has been above 0."""
    return _seen(f"{name} above 0", lambda scrape: (scrape.value(name, **labels) or 0) > 0)


def _zero(name, **labels):
    """Waits until the sum of a family's samples has been 0."""
    return _seen(f"{name} at 0", lambda scrape: scrape.value(name, **labels) == 0)


def _rises(name, **labels):
    """Waits until the sum of a family's samples is above what it was when the phase began."""
    def missing(run):
        value, before = run.value(name, **labels), run.at_begin(name, **labels) or 0
        return None if value is not None and value > before else f"{name} is still {value}"
    return missing


def _all(*conditions):
    def missing(run):
        return next((text for condition in conditions if (text := condition(run)) is not None), None)
    return missing


def command(stack, method, path):
    status = stack.command(method, path)
    if status != 200:
        raise Failed(f"{method} {path} is answered {status}")


def _command(run, method, path):
    command(run.stack, method, path)


# ---- operators ------------------------------------------------------------------------------------------

def resume_the_limited(run):
    """A strategy that its limit reduced, after what it lost in earlier faults, trades on: an operator has seen it."""
    for strategy in ("arbitrage", "momentum", "spread_farm"):
        if (run.value("polybot_trading_state", strategy=strategy) or 0) > 0:
            _command(run, "POST", f"/api/v1/trading/resume?strategy={strategy}")


STOP_STRATEGY = Provocation(
    "stop-strategy",
    begin=lambda run: _command(run, "POST", "/api/v1/strategies/momentum/stop"),
    end=lambda run: _command(run, "POST", "/api/v1/strategies/momentum/start"),
    until=_zero("polybot_strategy_running", strategy="momentum"))

HALT = Provocation(
    "halt", alerts=("TradingHalted",),
    begin=lambda run: _command(run, "POST", "/api/v1/trading/halt"),
    end=lambda run: _command(run, "POST", "/api/v1/trading/resume"),
    until=_above("polybot_trading_state", strategy="all"))

ACKNOWLEDGED_SECONDS = 12

def _halt_knowingly(run):
    """Longer than a halt that nobody acknowledges takes to be told of, nothing is said."""
    path = f"/api/v1/trading/halt?reason=a+drill&for={ACKNOWLEDGED_SECONDS}s"
    end = time.monotonic() + ACKNOWLEDGED_SECONDS
    _command(run, "POST", path)
    while time.monotonic() < end - 2.0:
        if "TradingHalted" in run.monitoring.firing():
            raise Failed("TradingHalted fires though the halt is acknowledged")
        time.sleep(0.5)


HALT_ACKNOWLEDGED = Provocation(
    "halt-acknowledged", alerts=("TradingHalted",), begin=_halt_knowingly,
    end=lambda run: _command(run, "POST", "/api/v1/trading/resume"),
    until=_above("polybot_trading_state", strategy="all"))


# ---- the venue ------------------------------------------------------------------------------------------

# The strategy buys the missing leg as soon as it is told. A venue that refuses that, too, more often than not, leaves
# the legs uneven for long enough to be seen.
LEG_MISS = Provocation("leg-miss", begin=lambda run: (run.stack.fault("leg-miss"),
                                                      run.stack.fault("reject", probability=0.6)),
                       end=_clear("leg-miss", "reject"), until=_above("polybot_unhedged_exposure_usd"))

def _quote_again(run):
    """What is canceled is quoted again: as many orders as a ratio needs, on however slow a machine."""
    run.stack.command("DELETE", "/api/v1/orders")
    time.sleep(1.0)


REJECT = Provocation("reject", alerts=("OrderRejectRatio",), begin=_faults("reject", probability=0.9),
                     meanwhile=_quote_again, end=_clear("reject"))

# An order that was executed at once is soon told of by the user channel; one that is executed later stays in doubt.
ANSWER_LOST = Provocation("answer-lost", alerts=("OrdersAmbiguous",),
                          begin=_faults("answer-lost", "executed-late", probability=0.7, delay_ms=5_000),
                          end=_clear("answer-lost", "executed-late"), until=_above("polybot_orders_ambiguous"))

def _fill_late(run):
    """Canceled orders that fill, and orders that come to life after they were written off.

    In one market that lasts: unexpected fills of whole quotes would win or lose much where a market ends.
    """
    run.stack.fault("late-fill", market=next(iter(prices.quoted(run.stack))))
    run.stack.fault("executed-late", probability=0.3)


LATE_FILL = Provocation("late-fill", alerts=("OrdersResurrected",), begin=_fill_late,
                        end=_clear("late-fill", "executed-late"),
                        until=_all(_rises("polybot_orders_corrected_total"),
                                   _rises("polybot_orders_resurrected_total")))

TRADE_FAILED = Provocation("trade-failed", alerts=("FillsReversed",), begin=_faults("trade-failed", probability=0.2),
                           end=_clear("trade-failed"), until=_rises("polybot_fills_reversed_total"))

TRADE_STUCK = Provocation("trade-stuck", alerts=("TradeUnsettled",), begin=_faults("trade-stuck"),
                          end=_clear("trade-stuck"),
                          until=_above("polybot_oldest_provisional_fill_timestamp_seconds"))

VENUE_HANG = Provocation("venue-hang", alerts=("OrderStuck",), begin=_faults("venue-hang", delay_ms=45_000),
                         end=_clear("venue-hang"), until=_above("polybot_oldest_pending_order_timestamp_seconds"))

USER_SOCKET_DROP = Provocation("user-socket-drop", begin=_faults("user-socket-drop"), end=_clear("user-socket-drop"),
                               until=_rises("polybot_reconciliations_total"))

# Much: cash of trades that are being settled is in doubt, and what is within that doubt is no drift.
VENUE_DRIFT = Provocation("venue-drift", alerts=("VenueDrift",), begin=_faults("venue-drift", amount="10000"),
                          end=_clear("venue-drift"), until=_above("polybot_venue_drift_usd", kind="cash"))

REGION_BLOCK = Provocation("region-block", alerts=("SubmissionsPaused",), begin=_faults("region-block"),
                           end=_clear("region-block"), until=_above("polybot_submissions_paused", reason="forbidden"))

# One heartbeat of another client: order-manager lets go of the account, and claims it again when nobody else does.
FOREIGN_HEARTBEAT = Provocation("foreign-heartbeat", alerts=("AccountContested",),
                                begin=_faults("foreign-heartbeat", count=1),
                                end=lambda run: wait_until("everything is ready again", run.stack.not_ready),
                                until=_all(_rises("polybot_account_contested_total"),
                                           _zero("polybot_venue_connected", channel="heartbeat")))

EMPTY_NUMBERS = Provocation("empty-numbers", alerts=("AccountRowsUnread",), begin=_faults("empty-numbers"),
                            end=_clear("empty-numbers"), until=_above("polybot_account_rows_unread", kind="trade"))

SURPLUS_SHARES = Provocation("surplus-shares", begin=_faults("surplus-shares"), end=_clear("surplus-shares"),
                             until=_rises("polybot_fills_beyond_order_total"))

UNREADABLE_MARKET = Provocation("unreadable-market", alerts=("MarketUnreadable",), begin=_faults("unreadable-market"),
                                end=_clear("unreadable-market"),
                                until=_above("polybot_markets_unreadable", field="fee"))

# Three seconds ahead: no order is sent. The gateway asks for the time once a minute.
VENUE_CLOCK = Provocation("venue-clock", alerts=("ClockSkew",), begin=_faults("venue-clock", delay_ms=3_000),
                          end=_clear("venue-clock"),
                          until=_all(_above("polybot_venue_clock_offset_seconds"),
                                     _above("polybot_market_data_clock_offset_seconds")))

FEED_GAP = Provocation("feed-gap", begin=_faults("feed-gap", probability=0.3), end=_clear("feed-gap"),
                       until=_rises("polybot_book_resyncs_total"))

FEED_FREEZE = Provocation("feed-freeze", alerts=("MarketDataStale",), begin=_faults("feed-freeze"),
                          end=_clear("feed-freeze"),
                          until=_all(_above("polybot_books_stale"), _above("polybot_marks_stale")))

VENUE_DOWN = Provocation(
    "venue-down", alerts=("ServiceNotReady",), begin=_faults("venue-down"), end=_clear("venue-down"),
    until=_zero("polybot_venue_connected", channel="market"))


# ---- processes ------------------------------------------------------------------------------------------

def _freeze(service):
    return lambda run: run.stack.signal(service, signal.SIGSTOP)


def _thaw(service):
    """Continues it; its watchdog may have ended it, which is a restart."""
    def end(run):
        if run.stack.pid(service) is not None:
            run.stack.signal(service, signal.SIGCONT)
        wait_until("everything is ready again", run.stack.not_ready)
    return end


# A frozen process is one that does not answer; it cannot be restarted before its time.
KILL = Provocation("kill", alerts=("ServiceDown",), begin=_freeze("order-manager"),
                   end=lambda run: (run.stack.kill("order-manager"),
                                    wait_until("everything is ready again", run.stack.not_ready)),
                   until=_all(_rises("polybot_signals_unanswered_total"),
                              _zero("polybot_service_up", service="order-manager")))


def _end_again(service):
    """Ends it as soon as its last start is counted: it is ready from time to time, and never for long."""
    def once(run):
        starts = run.value("polybot_process_starts_total", service=service) or 0
        pid = run.stack.pid(service)
        if pid is not None and starts > CRASH_LOOP.memory.get("starts", -1):
            CRASH_LOOP.memory["starts"] = starts
            os.kill(pid, signal.SIGKILL)
    return once


CRASH_LOOP = Provocation("crash-loop", alerts=("ServiceCrashLooping",), notified=("ServiceCrashLooping",),
                         begin=lambda run: CRASH_LOOP.memory.clear(), meanwhile=_end_again("order-manager"),
                         until=_rises("polybot_process_starts_total", service="order-manager"))


def _pause(service, seconds):
    """It neither reads nor sends for a while, and then does everything at once."""
    def once(run):
        pid = run.stack.pid(service)
        if pid is None:
            return
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
        time.sleep(1.0)
    return once


# Runners repeat what is not answered and, once their leases have run out, hold back what they want.
SLOW_ANSWERS = Provocation("slow-answers", begin=lambda run: None, meanwhile=_pause("order-manager", 4.5),
                           until=_all(_rises("polybot_signals_duplicate_total"),
                                      _rises("polybot_signals_withheld_total")))

# What runners had said meanwhile is of leases that have ended.
ZOMBIE_RUNNER = Provocation("zombie-runner", begin=lambda run: None, meanwhile=_pause("order-manager", 4.5),
                            until=_rises("polybot_leases_fenced_total"))

RUNNER_KILL = Provocation(
    "runner-kill", alerts=("StrategyNotRunning", "ShardsUnleased"), begin=_freeze("strategy-runner"),
    end=lambda run: (run.stack.kill("strategy-runner"),
                     wait_until("everything is ready again", run.stack.not_ready)),
    until=_zero("polybot_strategy_shards"))


def _listen_without_reading(run):
    topics = ("orders", "quotes", "trades", "markets", "pnl", "status")
    SLOW_READER.memory["session"] = listening(run.stack.api, topics)


def _hang_up(run):
    SLOW_READER.memory.pop("seconds", None)
    with SLOW_READER.memory.pop("session"):
        wait_until("everything is ready again", run.stack.not_ready)


def _sleep_through(run):
    """Readers that are too slow: each sleeps until the sender's queue can hold no more.

    They sleep longer each time, because a busy machine sends less.

    A runner has lost its leases by then, does not follow what it missed, and reads order events again;
    order-manager follows the quotes all the time and finds the hole in them.
    """
    memory = SLOW_READER.memory
    # A gateway that was busy may have given the session no answer in time.
    if not isinstance(memory["session"], socket.socket):
        _listen_without_reading(run)
    memory["seconds"] = min(memory.get("seconds", 3.0) + 2.0, 13.0)  # well below the watchdog's patience
    for service in ("strategy-runner", "order-manager"):
        _pause(service, memory["seconds"])(run)


SLOW_READER = Provocation("slow-reader", alerts=("BusMessagesLost",), begin=_listen_without_reading,
                          meanwhile=_sleep_through,
                          until=_all(_rises("polybot_bus_messages_lost_total"), _rises("polybot_bus_replays_total"),
                                     _rises("polybot_websocket_sessions_dropped_total")), end=_hang_up)


def _without_acknowledgement(run):
    """Commands without an acknowledgement: the API answers 504."""
    callers = [threading.Thread(target=run.stack.command, args=("DELETE", "/api/v1/orders")) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


API_ERRORS = Provocation("api-errors", alerts=("HighErrorRate", "CommandUnacknowledged"),
                         begin=_freeze("order-manager"), meanwhile=_without_acknowledgement,
                         end=_thaw("order-manager"), notified=("CommandUnacknowledged",))


def _back_up(run):
    journal = run.stack.data / "journal" / "journal.db"
    made = subprocess.run([PROGRAMS / "order-manager", "backup", journal, run.stack.folder / "backup.db"], text=True,
                          capture_output=True)
    if made.returncode != 0:
        raise Failed(f"backup: {made.stderr.strip()}")


BACKUP = Provocation("backup", begin=_back_up, until=_above("polybot_journal_backup_timestamp_seconds"))


def _try_tokens_out(run):
    """Wrong tokens, more at once than are held back."""
    guessers = [threading.Thread(target=run.stack.command, args=("POST", "/api/v1/trading/resume"),
                                 kwargs={"token": "wrong"}) for _ in range(32)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()


WRONG_TOKEN = Provocation("wrong-token", alerts=("RequestsRefused",), begin=_try_tokens_out, meanwhile=_try_tokens_out,
                          until=_rises("polybot_requests_refused_total", reason="wrong_token"))


# ---- the monitoring itself -------------------------------------------------------------------------------

METRICS_DOWN = Provocation("metrics-down", alerts=("MetricsDown",), begin=_freeze("metrics-aggregator"),
                           end=_thaw("metrics-aggregator"))

# Longer than the look-back and what alerts keep firing for, on the clock of this run: 5 m and 5 m.
OUTAGE_SECONDS = 40.0


def _halt_and_hide(service):
    """A halt that is told of; then nobody sees it any more."""
    def begin(run):
        _command(run, "POST", "/api/v1/trading/halt")
        run.wait_notified("TradingHalted", "firing")
        _freeze(service)(run)
    return begin


def _bring_back(service):
    def end(run):
        _thaw(service)(run)
        _command(run, "POST", "/api/v1/trading/resume")
    return end


def _stays_halted(run):
    run.watch_firing("TradingHalted", OUTAGE_SECONDS)


def _stays_halted_after_a_restart(run):
    """Prometheus itself restarts meanwhile: its alerts go on where they were, and nothing is told as over."""
    _stays_halted(run)
    told = run.notifications("TradingHalted", "resolved")
    run.monitoring.restart_prometheus()
    wait_until("TradingHalted fires again", lambda: None if "TradingHalted" in run.monitoring.firing() else "silent")
    if run.notifications("TradingHalted", "resolved") != told:
        raise Failed("TradingHalted was reported as resolved when Prometheus restarted")


def _replace_the_owner(run):
    """Its watchdog may have ended it already."""
    if run.stack.pid("order-manager") is not None:
        run.stack.kill("order-manager")
    _bring_back("order-manager")(run)


OUTAGE = Provocation("outage", alerts=("MetricsDown", "TradingHalted"), begin=_halt_and_hide("metrics-aggregator"),
                     then=_stays_halted_after_a_restart, end=_bring_back("metrics-aggregator"),
                     notified=("MetricsDown", "TradingHalted"))
OWNER_OUTAGE = Provocation("owner-outage", alerts=("ServiceDown", "TradingHalted"),
                           begin=_halt_and_hide("order-manager"), then=_stays_halted,
                           notified=("ServiceDown", "TradingHalted"),
                           end=_replace_the_owner)

_SP_PUBLISHER = b"\0SP\0\0\x20\0\0"  # the greeting of NNG's publishers


def _bytes_field(number, body):
    """A length-delimited protobuf field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(body)]) + body


def _frame(topic, message):
    """A bus frame (proto/polybot/v1/frame.proto) of an unknown sender, each the first of another one."""
    producer = _bytes_field(1, b"stranger") + _bytes_field(2, b"stranger-1") + b"\x19" + os.urandom(8)
    fields = (_bytes_field(1, producer) + _bytes_field(2, topic) + b"\x18\x01" + b"\x21" + bytes(8)
              + _bytes_field(5, message))
    return topic + b"\0" + fields


def _send_garbage(run):
    """Well-formed bus frames on the metrics channel whose content is no snapshot."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(run.stack.bus / "metrics.ipc"))
        peer.sendall(_SP_PUBLISHER)
        peer.recv(8)
        body = _frame(b"metrics.stranger", b"\xff" * 40)
        peer.sendall(b"\x01" + len(body).to_bytes(8, "big") + body)
        time.sleep(1.0)


BAD_SNAPSHOT = Provocation("bad-snapshot", alerts=("MetricsDropped", "BusSenderRefused"), begin=lambda run: None,
                           meanwhile=_send_garbage, until=_rises("polybot_aggregator_dropped_total"))


def _start_twin(run):
    TWIN_REPLICA.memory["twin"] = run.stack.second("strategy-runner", free_port())


def _stop_twin(run):
    twin = TWIN_REPLICA.memory.pop("twin")
    twin.terminate()
    twin.wait(20)


TWIN_REPLICA = Provocation("twin-replica", begin=_start_twin, end=_stop_twin,
                           until=_rises("polybot_aggregator_conflicts_total"))


# It is granted its share of the shards and never learns where its strategies stand: none of its strategies may trade.
def start_deaf_replica(run):
    REPLICA_UNREADY.memory["deaf"] = run.stack.second(
        "strategy-runner", free_port(), POLYBOT_REPLICA="deaf",
        POLYBOT_BUS__ORDERS_RECOVERY=f"ipc://{run.stack.bus}/nobody.ipc")


def stop_deaf_replica(run):
    deaf = REPLICA_UNREADY.memory.pop("deaf", None)
    if deaf is None:
        return
    deaf.terminate()
    deaf.wait(20)


def _one_of_two_is_ready(scrape):
    return [scrape.value(f"polybot_service_{what}", service="strategy-runner")
            for what in ("replicas", "replicas_ready")] == [2, 1]


REPLICA_UNREADY = Provocation("replica-unready", alerts=("ReplicaNotReady",), begin=start_deaf_replica,
                              end=stop_deaf_replica, until=_seen("one of two runners ready", _one_of_two_is_ready))


def _state_folder(run):
    return run.stack.data / "aggregator"


def _take_state_folder(run):
    _state_folder(run).rename(_state_folder(run).with_suffix(".away"))


def _give_state_folder_back(run):
    away = _state_folder(run).with_suffix(".away")
    shutil.rmtree(_state_folder(run), ignore_errors=True)
    away.rename(_state_folder(run))


# The folder is gone: to the writer what a full disk is, and it can be had without one.
DISK_FULL = Provocation("disk-full", begin=_take_state_folder, end=_give_state_folder_back,
                        until=_rises("polybot_aggregator_state_write_failures_total"))


def _recordings(run):
    return run.stack.folder / "recordings"


def _give_recordings_back(run):
    shutil.rmtree(_recordings(run), ignore_errors=True)
    _recordings(run).with_suffix(".away").rename(_recordings(run))


# The next file, which is due in seconds, cannot be made.
RECORDING_AWAY = Provocation("recording-away", alerts=("RecordingIncomplete",),
                             begin=lambda run: _recordings(run).rename(_recordings(run).with_suffix(".away")),
                             end=_give_recordings_back,
                             until=_rises("polybot_recording_lost_lines_total", reason="write_failed"))


def _lose_state(run):
    run.stack.signal("metrics-aggregator", signal.SIGSTOP)
    for file in _state_folder(run).iterdir():
        file.write_bytes(file.read_bytes()[:20])
    run.forget_counters()  # an undercount is what an honest empty start shows
    run.stack.kill("metrics-aggregator")


STATE_LOST = Provocation(
    "state-lost", alerts=("MetricsStateLost",), begin=_lose_state,
    until=_zero("polybot_aggregator_state_loaded"))


# ---- money ----------------------------------------------------------------------------------------------

LOSS_USD = -1350.0  # nine tenths of what the account may lose in a day; it is reduced when it overshoots that
KILL_EVERY_SECONDS = 20.0
KILLS = 2


def _lose_money(run):
    """Fair values fall where spread_farm quotes: its bids are hit. They come back when the loss has been seen."""
    LOSS.memory["jumps"] = {slug: -prices.JUMP for slug, market in prices.quoted(run.stack).items()
                            if prices.can_move(market, -prices.JUMP)}
    prices.move(run.stack, LOSS.memory["jumps"])


def _stop_losing(run):
    """Once enough is lost all strategies stop, so that the positions are still there when the prices come back."""
    reduced = run.value("polybot_trading_state", strategy="all") == 1
    lost = reduced or (run.value("polybot_daily_pnl_usd") or 0) < LOSS_USD
    if lost and not LOSS.memory.get("halted"):
        _command(run, "POST", "/api/v1/trading/halt")
        LOSS.memory["halted"] = True


def _kill_the_owner(run):
    """While DailyLossNear fires, the process behind it is killed again and again."""
    for _ in range(KILLS):
        run.stack.kill("order-manager")
        run.watch_firing("DailyLossNear", KILL_EVERY_SECONDS)


def _resume(run):
    prices.move_back(run.stack, LOSS.memory.pop("jumps", {}))
    wait_until("the prices are back", lambda: None if (run.value("polybot_daily_pnl_usd") or 0) > -450 else
               f"daily P&L {run.value('polybot_daily_pnl_usd')}")
    LOSS.memory.clear()
    for scope in ("", "?strategy=spread_farm"):  # its own limit may have reduced it, too
        _command(run, "POST", "/api/v1/trading/resume" + scope)


LOSS = Provocation("loss", alerts=("DailyLossLimit", "DailyLossNear", "Drawdown"), begin=_lose_money,
                   meanwhile=_stop_losing, then=_kill_the_owner, end=_resume)

# In this order: money first, while there is no other loss; what leaves traces that take long to fade comes last.
ALL = (LOSS, LEG_MISS, STOP_STRATEGY, REJECT, ANSWER_LOST, LATE_FILL, TRADE_FAILED, SURPLUS_SHARES, EMPTY_NUMBERS,
       REGION_BLOCK, UNREADABLE_MARKET, USER_SOCKET_DROP, VENUE_CLOCK, FEED_GAP, VENUE_DRIFT, FOREIGN_HEARTBEAT, HALT,
       HALT_ACKNOWLEDGED, SLOW_ANSWERS, SLOW_READER, BACKUP, WRONG_TOKEN, TWIN_REPLICA, REPLICA_UNREADY, BAD_SNAPSHOT,
       DISK_FULL, RECORDING_AWAY, RUNNER_KILL, ZOMBIE_RUNNER, KILL, CRASH_LOOP, OWNER_OUTAGE, VENUE_DOWN, FEED_FREEZE,
       VENUE_HANG, TRADE_STUCK, API_ERRORS, METRICS_DOWN, OUTAGE, STATE_LOST)
