"""The container engine that DOCKER_HOST names, and this project's stack in it.

Everything goes through the command line clients `docker` and `docker-compose` (1.29) or `docker compose`
(v2), and through processes inside of containers: nothing assumes that the engine runs on this machine, but
that it can read this checkout (as any stack with files mounted from it must).
"""

import json
import os
import re
import shutil
import subprocess
import threading
import time

from tests.support import waiting
from tests.support.waiting import BUILD, ROOT, Failed, say

WORK = BUILD / "compose-test"   # where the tests write


def wait_until(what, condition, seconds, every=1.0):
    """As waiting.wait_until, but a condition that raises Failed is one not met yet: an engine refuses much
    while a container is being restarted."""
    def missing():
        try:
            return condition()
        except Failed as failure:
            return str(failure)

    return waiting.wait_until(what, missing, seconds, every)


def run(command, timeout=60, env=None, data=None):
    """Runs a command to its end; returns (exit code, standard output, standard error)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env,
                              input=data, cwd=ROOT, check=False)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return 124, "", f"no end within {timeout} s"


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def docker(*arguments, timeout=60):
    """Standard output of a docker command that must succeed."""
    code, out, err = run(["docker", *arguments], timeout)
    if code != 0:
        raise Failed(f"docker {arguments[0]}: {last_line(err)}")
    return out


def find_engine():
    """None when there is an engine and a compose to speak to it with, else why not."""
    if shutil.which("docker") is None:
        return "there is no docker client here"
    code, _, err = run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=120)
    if code != 0:
        where = os.environ.get("DOCKER_HOST", "the default socket")
        return f"no engine answers at {where} ({last_line(err)})"
    if not compose_versions():
        return "there is neither docker-compose nor docker compose here"
    return None


def compose_versions():
    """Commands that speak compose, v2 first: [(name, [command, ...])]."""
    found = []
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        code, out, _ = run([*command, "version", "--short"], timeout=120)
        if code == 0 and re.match(r"v?\d", out.strip()):
            found.append((f"{' '.join(command)} {out.strip()}", command))
    return found


class Stack:
    """One compose project: the shipped file, and on top of it what a test has to change."""

    def __init__(self, project, command, files, environment):
        self.project = project
        self._files = files
        self._settings = environment
        self.environment = {**os.environ, **environment, "COMPOSE_PROJECT_NAME": project,
                            "COMPOSE_HTTP_TIMEOUT": "300"}
        self._command = [*command]
        for file in files:
            self._command += ["-f", str(file)]
        self._probe = f"{project}-probe"
        self.image = f"polybot:{environment['POLYBOT_TAG']}"

    def spoken_to_by(self, command, **settings):
        """The same stack by another compose, some of its settings changed."""
        return Stack(self.project, command, self._files, {**self._settings, **settings})

    # --- compose ----------------------------------------------------------------------------------------

    def compose(self, *arguments, timeout=300):
        """Runs a compose command to its end, its output as progress lines; raises Failed."""
        lines = []
        process = subprocess.Popen([*self._command, *arguments], cwd=ROOT, env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL)
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            said = time.monotonic()
            for line in process.stdout:
                line = line.rstrip()
                lines.append(line)
                # A build prints hundreds of lines: its steps, and one line in ten seconds, are enough.
                if re.match(r"Step \d|#\d+ \[", line) or time.monotonic() - said > 10:
                    say("  " + line[:150])
                    said = time.monotonic()
            code = process.wait()
        finally:
            timer.cancel()
        if code != 0:
            raise Failed(f"compose {arguments[0]} ended with {code}: " + " / ".join(lines[-4:]))
        return "\n".join(lines)

    def containers(self, service):
        """Names of the service's running and stopped containers."""
        out = docker("ps", "-a", "--filter", f"label=com.docker.compose.project={self.project}", "--filter",
                     f"label=com.docker.compose.service={service}", "--filter",
                     "label=com.docker.compose.oneoff=False", "--format", "{{.Names}}")
        return sorted(out.split())

    def container(self, service):
        names = self.containers(service)
        if len(names) != 1:
            raise Failed(f"{service} has {len(names)} containers, not one")
        return names[0]

    def inspect(self, service):
        return json.loads(docker("inspect", self.container(service)))[0]

    def networks(self):
        out = docker("network", "ls", "--filter", f"label=com.docker.compose.project={self.project}",
                     "--format", "{{.Name}}")
        return sorted(out.split())

    def volumes(self):
        out = docker("volume", "ls", "--filter", f"label=com.docker.compose.project={self.project}",
                     "--format", "{{.Name}}")
        return sorted(name.removeprefix(self.project + "_") for name in out.split())

    def deaths(self, since):
        """Services in the order in which their processes have ended since a time of the engine's clock."""
        out = docker("events", "--since", since, "--until", self.clock(), "--filter", "event=die", "--filter",
                     f"label=com.docker.compose.project={self.project}", "--format",
                     '{{index .Actor.Attributes "com.docker.compose.service"}}')
        return out.split()

    @staticmethod
    def clock():
        return docker("info", "--format", "{{.SystemTime}}").strip()

    # --- inside it --------------------------------------------------------------------------------------

    def execute(self, service, *command):
        """(exit code, standard output) of a command inside the service's container."""
        code, out, _ = run(["docker", "exec", self.container(service), *command], timeout=120)
        return code, out

    def execute_alone(self, volume, folder, *command):
        """(exit code, standard output) of a command in a container of its own, with one of the stack's volumes."""
        code, out, _ = run(["docker", "run", "--rm", "--network=none", "--volume",
                            f"{self.project}_{volume}:{folder}", self.image, *command], timeout=120)
        return code, out

    def start_probe(self):
        """A container of our own on the monitoring network: where requests come from."""
        docker("run", "--detach", "--name", self._probe, "--network", f"{self.project}_monitoring",
               self.image, "sleep", "infinity")

    def stop_probe(self):
        run(["docker", "rm", "--force", self._probe])

    def get(self, url, *options):
        """(status, body) of a GET from the monitoring network; status 0 without an answer."""
        return self.curl(self._probe, url, *options)

    @staticmethod
    def curl(container, url, *options, timeout=5):
        """(status, body) of a request from inside a container; status 0 without an answer."""
        code, out, _ = run(["docker", "exec", container, "curl", "--silent", "--max-time", str(timeout),
                            "--write-out", "\n%{http_code}", *options, url], timeout=120)
        body, _, status = out.rpartition("\n")
        return (int(status), body) if code == 0 and status.isdigit() else (0, "")

    # --- violence ---------------------------------------------------------------------------------------

    def kill_process(self, service):
        """kill -9 of the container's process, as seen from the engine's own processes.

        Not `docker kill`: after that the engine takes the container for stopped on purpose and restarts it
        no more; and a process numbered 1 is immune to signals from within its own container.
        """
        pid = self.inspect(service)["State"]["Pid"]
        if pid <= 0:
            raise Failed(f"{service} has no process to kill")
        docker("run", "--rm", "--pid=host", "--user=0", "--network=none", self.image, "sh", "-c",
               f"kill -9 {pid}")
