"""Shows the alerts quiet: the shipped rules on their own clock over a healthy run, in which runners come and go, one is
killed, the aggregator is restarted once, and an operator halts trading for a while and says so. Nothing but Watchdog
may fire. Exit code 1 when anything else did.

  python3 -m tests.e2e.quiet_test [MINUTES]    10 unless told
"""

import json
import os
import shutil
import signal
import sys

from tests.e2e.processes import Monitoring, Webhook
from tests.support import leases, silence
from tests.support.stack import Stack
from tests.support.waiting import BUILD, Failed, say, wait_until

WORK = BUILD / "quiet"
RUNNER = "strategy-runner"
SHARED_SECONDS = 20      # from the order to scale until every shard has its new holder


def ready_again(stack):
    say(f"everything is ready again after {wait_until('everything is ready again', stack.not_ready):.1f} s")


def kill_aggregator(stack):
    stack.kill("metrics-aggregator")
    ready_again(stack)


def kill_runner(stack):
    """Its leases run out, and all shards are shared out again between its successor and the others."""
    replicas = stack.replicas(RUNNER)
    victim = replicas[0]
    ended = leases.epochs(leases.read(stack), victim)
    os.kill(stack.children()[victim][1], signal.SIGKILL)
    took = wait_until("the killed runner's shards are leased again",
                      lambda: leases.missing_anew(leases.read(stack), ended, replicas), SHARED_SECONDS)
    say(f"leased again after {took:.1f} s")
    ready_again(stack)


def scale(stack, wanted):
    """So many runners, each with its share, each ready."""
    stack.scale(wanted)

    def missing():
        present = stack.replicas(RUNNER)
        if len(present) != wanted:
            return f"{len(present)} runners of {wanted}"
        return leases.missing(leases.read(stack), present)

    def not_ready():
        _, text = stack.ask("metrics-aggregator", f"/health/ready/{RUNNER}")
        counts = [json.loads(text or "{}").get(what) for what in ("ready", "replicas")]
        return None if counts == [wanted, wanted] else "{} ready of {}".format(*counts)
    say(f"shared out again after {wait_until(f'{wanted} runners share all shards', missing, SHARED_SECONDS):.1f} s")
    wait_until(f"{wanted} runners are ready", not_ready)
    ready_again(stack)


def halt_knowingly(stack):
    status = stack.command("POST", "/api/v1/trading/halt?reason=maintenance&for=10m")
    if status != 200:
        raise Failed(f"the halt is answered {status}")


def resume(stack):
    status = stack.command("POST", "/api/v1/trading/resume")
    if status != 200:
        raise Failed(f"the resumption is answered {status}")


def main(minutes):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    stack, webhook = Stack(WORK), Webhook()
    monitoring = None
    failures = []
    plan = {0.1: ("three runners", lambda: scale(stack, 3)),
            0.3: ("kill -9 of a runner", lambda: kill_runner(stack)),
            0.5: ("one runner", lambda: scale(stack, 1)),
            0.65: ("a halt that is acknowledged", lambda: halt_knowingly(stack)),
            0.75: ("kill -9 of the aggregator", lambda: kill_aggregator(stack)),
            0.85: ("trading goes on", lambda: resume(stack))}
    try:
        stack.wait_ready()
        monitoring = Monitoring(WORK, stack, webhook, 1)
        monitoring.wait_ready()
        say(f"{minutes:g} minutes with the shipped rules")
        failures += silence.keep(monitoring.ask, minutes, plan)
    except Failed as failed:
        failures.append(str(failed))
    finally:
        if monitoring is not None:
            monitoring.stop()
        webhook.stop()
        code, last_lines = stack.stop()
    if code != 0:
        failures.append(" / ".join(last_lines[-3:]))
    for failure in failures:
        print(f"quiet: FAILED: {failure}")
    if not failures:
        print(f"quiet: nothing but Watchdog fired in {minutes:g} minutes; {last_lines[-2]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
