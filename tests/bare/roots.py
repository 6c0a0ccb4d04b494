"""Empty systems in folders: made by debootstrap once, and layered so that each command finds one that is new.

Everything is mounted in a mount namespace of this process, and every process is of its PID namespace: both vanish
with it, however it ends. Call `isolate` before anything else."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
DEBOOTSTRAP_S = 1800
PROGRESS_EVERY_S = 30
REMOVE_TRIES = 50


@dataclass(frozen=True)
class System:
    key: str
    name: str
    distribution: str  # as ID in os-release
    codename: str


SYSTEMS = [
    System("debian12", "Debian 12", "debian", "bookworm"),
    System("debian13", "Debian 13", "debian", "trixie"),
    System("ubuntu24.04", "Ubuntu 24.04", "ubuntu", "noble"),
]


class NotServed(Exception):
    """This machine's package source does not have the system; the text says why."""


class NotMade(Exception):
    """The package source has it, but an empty one could not be made of it."""


def isolate():
    """Goes on in namespaces of its own; the outer process waits, then removes the folder. Returns the folder."""
    inside = os.environ.pop("POLYBOT_BARE_INSIDE", None)
    if inside:
        return Path(inside)
    folder = tempfile.mkdtemp(prefix="polybot-bare-", dir=os.environ.get("TMPDIR") or "/var/tmp")
    os.chmod(folder, 0o755)  # a user of the empty system passes through it
    child = None

    def end(_signal=None, _frame=None):
        if child:
            child.kill()

    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, end)
    try:
        child = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
             sys.executable, "-B", *sys.argv],
            env={**os.environ, "POLYBOT_BARE_INSIDE": folder},
            preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        while True:
            try:
                sys.exit(child.wait())
            except KeyboardInterrupt:
                # The inner process has got it too, and says so; what hangs then is not waited for.
                try:
                    sys.exit(child.wait(timeout=10) or 130)
                except subprocess.TimeoutExpired:
                    child.kill()
    finally:
        # The namespace goes with its first process, so nothing of this machine is mounted in there. What was killed a
        # moment ago may still write its last file.
        for _ in range(REMOVE_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.exists(folder):
                break
            time.sleep(0.2)


def run_quietly(words, timeout, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=timeout, check=False, **options)


def own_codename():
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r'^VERSION_CODENAME="?(\w+)', release, re.MULTILINE)
    return found.group(1) if found else ""


def source_files():
    """This machine's package sources that are its distribution's: path -> text."""
    found = {}
    candidates = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    codename = own_codename()
    for path in candidates:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        if codename and re.search(rf"\b{codename}(-updates)?\b", text) and not re.search(
                rf"\w-{codename}\b", text):  # another vendor's "name-bookworm"
            found[path] = text
    return found


def archive_of(sources):
    """The URI from which the distribution itself comes: the first of its sources."""
    for text in sources.values():
        found = re.search(r"^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\S+)", text, re.MULTILINE)
        if found:
            return found.group(1)
    raise NotServed("this machine has no package source of its own")


class Base:
    """An empty system: debootstrap's smallest, and what the README asks for. Nothing writes to it."""

    def __init__(self, system, folder):
        self.system = system
        self.folder = folder / system.codename
        self.root = self.folder / "base"
        self.archives = self.folder / "archives"  # downloaded packages, shared by the layers of this run
        self.layers = 0
        self.archives.mkdir(parents=True)
        sources = source_files()
        started = time.monotonic()
        self.debootstrap(archive_of(sources))
        (self.root / "etc/apt/sources.list").unlink(missing_ok=True)
        for path, text in sources.items():
            target = self.root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(re.sub(rf"\b{own_codename()}\b", system.codename, text), encoding="utf-8")
        self.take_over_network()
        self.seconds = time.monotonic() - started

    def debootstrap(self, archive):
        log = self.folder / "debootstrap.log"
        started = time.monotonic()
        with open(log, "w", encoding="utf-8") as output:
            process = subprocess.Popen(["debootstrap", "--variant=minbase", "--include=ca-certificates,git,make",
                                        self.system.codename, self.root, archive], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT)
            while True:
                try:
                    code = process.wait(timeout=PROGRESS_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                    print(f"    {seconds:.0f} s: {lines[-1] if lines else 'starting'}", flush=True)
                    if seconds > DEBOOTSTRAP_S:
                        process.kill()
        if code == 0:
            return
        said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line[:2] == "E:"]
        reason = said[-1][2:].strip() if said else f"debootstrap ended with {code}"
        if re.search(r"[Rr]elease|No such script|unknown", reason):
            raise NotServed(reason)
        raise NotMade(reason)

    def take_over_network(self):
        """How this machine reaches its package source is how the empty one does."""
        settings = run_quietly(["apt-config", "dump", "Acquire"], 30).stdout
        (self.root / "etc/apt/apt.conf.d/90acquire").write_text(settings, encoding="utf-8")
        if Path("/etc/apt/auth.conf.d").is_dir():
            shutil.copytree("/etc/apt/auth.conf.d", self.root / "etc/apt/auth.conf.d", dirs_exist_ok=True)
        for name in ("resolv.conf", "hosts"):
            if Path("/etc", name).exists():
                shutil.copy(Path("/etc", name), self.root / "etc" / name)

    def layer(self):
        self.layers += 1
        return Root(self, self.folder / f"layer-{self.layers}")


class Root:
    """A new empty system over a base; use it in a `with`, which unmounts and removes it."""

    def __init__(self, base, folder):
        self.base = base
        self.folder = folder
        self.path = folder / "root"
        self.mounted = []

    def __enter__(self):
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        layered = run_quietly(["mount", "-t", "overlay", "overlay", "-o",
                               f"lowerdir={self.base.root},upperdir={self.folder}/upper,workdir={self.folder}/work",
                               self.path], 60)
        if layered.returncode == 0:
            self.mounted.append(self.path)
        else:  # the folder lies on a file system that cannot be a layer
            subprocess.run(["cp", "-a", f"{self.base.root}/.", self.path], check=True, timeout=600)
        self.mount("-t", "proc", "proc", "proc")
        self.mount("--rbind", "/dev", "dev")
        self.mount("--bind", str(self.base.archives), "var/cache/apt/archives")
        return self

    def __exit__(self, *_):
        for path in reversed(self.mounted):
            run_quietly(["umount", "--lazy", "--recursive", path], 60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mount(self, *words):
        target = self.path / words[-1]
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", *words[:-1], target], check=True, timeout=60)
        self.mounted.append(target)

    def words(self, command, user=None):
        """The words that run a shell line in it, as root or as a user, with nothing of our environment but proxies."""
        home = f"/home/{user}" if user else "/root"
        proxies = [f"{name}={value}" for name, value in os.environ.items() if name.lower().endswith("_proxy")]
        become = ["runuser", "-u", user, "--"] if user else []
        return ["chroot", self.path, *become, "env", "-i", f"HOME={home}", f"USER={user or 'root'}",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *proxies, "sh", "-c", command]

    def clone(self, checkout, target):
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", checkout, self.path / target], check=True,
                       timeout=300)
