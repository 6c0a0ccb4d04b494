"""An upgrade as the runbook has it, by every compose that is here: all containers are replaced, with as many runners
as the settings say."""

from tests.compose.engine import wait_until
from tests.compose.report import as_text, demand

READY_SECONDS = 120
RUNNER = "strategy-runner"
RUNNERS = 2


class Upgrade:
    """`started`: the services that run, besides those that have run to their end."""

    def __init__(self, table, stack, view, running, started):
        self.table = table
        self.stack = stack
        self.view = view
        self.running = running
        self.started = started

    def check(self, versions):
        for number, (name, command) in enumerate(versions):
            # Another log level is what an upgrade is to compose: a container that must be replaced.
            stack = self.stack.spoken_to_by(command, RUNNERS=str(RUNNERS), LOG_LEVEL=("debug", "trace")[number % 2])
            self.table.check(f"upgrade: {name}", lambda stack=stack: self.upgrade(stack))

    def upgrade(self, stack):
        before = self.running.replicas(RUNNER)
        self.stack.stop_probe()
        stack.compose("down")
        stack.compose("up", "-d", *self.started, timeout=600)
        self.stack.start_probe()
        seconds = wait_until("every service ready", lambda: as_text(self.view.own_words()), READY_SECONDS)
        after = self.running.replicas(RUNNER)
        demand(len(after) == RUNNERS, f"RUNNERS={RUNNERS} started {len(after)}")
        demand(not set(before) & set(after), "a container is still the old one")
        return f"down, up: ready after {seconds:.1f} s, {RUNNERS} runners"
