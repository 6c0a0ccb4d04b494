"""The processes of a run and what can be done to them.

The launcher keeps one of each service and starts again what ends. Runners beyond its own are started here, as
another host would have them, and started again here when they were killed.
"""

import os
import signal
import subprocess
import time

from stack import PROGRAMS, environment_of, free_port
from waiting import Failed

RUNNER = "strategy-runner"
STOP_SECONDS = 10


class Replicas:
    def __init__(self, stack):
        self._stack = stack
        self._pattern = None     # (arguments, environment) of a runner
        self._extra = {}         # name: process
        self._frozen = {}        # pid: when it goes on
        self._leaving = []       # [(process, when it is killed)]
        self.kills = {}          # service: how often
        self.overdue = 0         # runners that did not leave when told to

    # ---- who there is ----

    def present(self):
        """[(replica, service, pid)] of everything that runs, in a fixed order."""
        found = [(name, service, pid) for name, (service, pid) in self._stack.children().items()]
        found += [(name, RUNNER, process.pid) for name, process in self._extra.items() if process.poll() is None]
        return sorted(found)

    def runners(self):
        return [entry for entry in self.present() if entry[1] == RUNNER]

    def any_of(self, service, draw):
        """One present (replica, service, pid) of a service; None when there is none. `draw` is from 0 to 1."""
        choice = [entry for entry in self.present() if entry[1] == service]
        return choice[int(draw * len(choice)) % len(choice)] if choice else None

    # ---- what can be done ----

    def kill(self, service, draw=0.0):
        """kill -9; False when there is nothing to kill just now."""
        victim = self.any_of(service, draw)
        if victim is None:
            return False
        try:
            os.kill(victim[2], signal.SIGKILL)
        except ProcessLookupError:
            return False
        self._frozen.pop(victim[2], None)
        self.kills[service] = self.kills.get(service, 0) + 1
        return True

    def freeze(self, service, seconds, draw=0.0):
        """SIGSTOP, and SIGCONT after so long (see tend)."""
        victim = self.any_of(service, draw)
        if victim is None or victim[2] in self._frozen:
            return False
        try:
            os.kill(victim[2], signal.SIGSTOP)
        except ProcessLookupError:
            return False
        self._frozen[victim[2]] = time.monotonic() + seconds
        return True

    def scale(self, count):
        """So many runners altogether: those beyond the launcher's are started, or told to leave."""
        self._learn_pattern()
        own = len([name for name in self._stack.children().values() if name[0] == RUNNER])
        wanted = max(0, count - max(1, own))
        for number in range(wanted):
            name = f"extra-{number + 1}"
            if name not in self._extra:
                self._extra[name] = self._start(name)
        for name in [name for name in self._extra if int(name.removeprefix("extra-")) > wanted]:
            self._leave(self._extra.pop(name))

    def tend(self):
        """To be called often: lets go on what was frozen long enough, restarts what was killed here, and kills
        what does not leave."""
        now = time.monotonic()
        for process, until in list(self._leaving):
            if process.poll() is not None:
                self._leaving.remove((process, until))
            elif now >= until:
                self.overdue += 1
                process.kill()
        for pid, until in list(self._frozen.items()):
            if now >= until:
                self._continue(pid)
        for name, process in self._extra.items():
            if process.poll() is not None:
                self._extra[name] = self._start(name)

    def let_all_go_on(self):
        for pid in list(self._frozen):
            self._continue(pid)

    def stop(self):
        """Ends what was started here."""
        self.let_all_go_on()
        for process in self._extra.values():
            self._leave(process)
        self._extra = {}
        while self._leaving:
            self.tend()
            time.sleep(0.05)

    # ---- details ----

    def _continue(self, pid):
        del self._frozen[pid]
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass  # it was killed meanwhile

    def _learn_pattern(self):
        if self._pattern is not None:
            return
        runner = self._stack.pid(RUNNER)
        if runner is None:
            raise Failed("no runner to start others like it")
        with open(f"/proc/{runner}/cmdline", encoding="utf-8") as file:
            arguments = file.read().split("\0")[1:-1]
        self._pattern = (arguments, environment_of(runner))

    def _start(self, name):
        arguments, environment = self._pattern
        environment = environment | {"POLYBOT_REPLICA": name, "POLYBOT_ADMIN__PORT": str(free_port()),
                                     "POLYBOT_LOG__FILE": str(self._stack.data / "logs" / f"{name}.log")}
        with open(self._stack.data / "logs" / f"{name}.out", "a", encoding="utf-8") as output:
            return subprocess.Popen([PROGRAMS / RUNNER, *arguments], stdin=subprocess.DEVNULL, env=environment,
                                    stdout=output, stderr=output)

    def _leave(self, process):
        """An orderly end, begun: SIGTERM, also to one that is frozen."""
        self._frozen.pop(process.pid, None)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        self._leaving.append((process, time.monotonic() + STOP_SECONDS))
