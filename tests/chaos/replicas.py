"""The processes of a run, and kills and freezes of them. The launcher restarts processes that end."""

import os
import signal
import time


class Replicas:
    def __init__(self, stack):
        self._stack = stack
        self._frozen = {}        # pid: when it goes on
        self.kills = {}          # service: how often

    def any_of(self, service, draw):
        """Process id of one present replica of a service; None when there is none. `draw` is from 0 to 1."""
        choice = sorted((replica, pid) for replica, (name, pid) in self._stack.children().items() if name == service)
        return choice[int(draw * len(choice)) % len(choice)][1] if choice else None

    def kill(self, service, draw=0.0):
        """kill -9; False when there is no such process just now."""
        victim = self.any_of(service, draw)
        if victim is None or not _signal(victim, signal.SIGKILL):
            return False
        self._frozen.pop(victim, None)
        self.kills[service] = self.kills.get(service, 0) + 1
        return True

    def freeze(self, service, seconds, draw=0.0):
        """SIGSTOP, and SIGCONT after so long (see tend)."""
        victim = self.any_of(service, draw)
        if victim is None or victim in self._frozen or not _signal(victim, signal.SIGSTOP):
            return False
        self._frozen[victim] = time.monotonic() + seconds
        return True

    def tend(self):
        """Call it often: continues processes that were frozen long enough."""
        now = time.monotonic()
        for pid in [pid for pid, until in self._frozen.items() if now >= until]:
            self._continue(pid)

    def let_all_go_on(self):
        for pid in list(self._frozen):
            self._continue(pid)

    def _continue(self, pid):
        del self._frozen[pid]
        _signal(pid, signal.SIGCONT)


def _signal(pid, number):
    """False when the process is gone."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False
