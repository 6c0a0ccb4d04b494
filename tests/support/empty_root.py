"""Empty systems in folders: made once, and layered so that each test finds one that is new.

debootstrap makes them of this machine's own package source, or POLYBOT_BARE_ROOT names one that is there already.
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

from tests.support.waiting import ROOT, Failed, say, wait_until

PR_SET_PDEATHSIG = 1
DEBOOTSTRAP_S = 1800
PROGRESS_EVERY_S = 30
REMOVE_S = 60
NAME_PREFIX = "polybot-empty-"
# Where control groups may be, those of one hierarchy or of several.
HIERARCHIES = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup"))
DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}  # minor numbers of major 1
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
                "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}


@dataclass(frozen=True)
class System:
    key: str
    name: str
    codename: str


SYSTEMS = [
    System("debian12", "Debian 12", "bookworm"),
    System("debian13", "Debian 13", "trixie"),
    System("ubuntu24.04", "Ubuntu 24.04", "noble"),
]


class NotServed(Failed):
    """This machine's package source does not have the system; the text says why."""


# ---- namespaces ----


def unmet_need():
    """Why there can be no empty system here; None when there can."""
    if os.geteuid() != 0:
        return "an empty system needs root"
    if shutil.which("apt-config") is None:
        return "there is no apt"
    if shutil.which("debootstrap") is None and not os.environ.get("POLYBOT_BARE_ROOT"):
        return "there is no debootstrap (apt-get install debootstrap)"
    if not any(line.split()[4] == "/" for line in Path("/proc/self/mountinfo").read_text().splitlines()):
        return ("the root folder is not a mount, as in a plain chroot: before entering it, mount its folder on itself "
                "(mount --bind FOLDER FOLDER)")
    return None


def isolate():
    """Goes on in namespaces of its own; the outer process waits for it. Returns a folder that is new; it is removed
    when the last of both is gone, even by SIGKILL."""
    inside = os.environ.pop("POLYBOT_EMPTY_FOLDER", None)
    if inside:
        return Path(inside)
    folder = tempfile.mkdtemp(prefix=NAME_PREFIX, dir=os.environ.get("TMPDIR") or "/var/tmp")
    os.chmod(folder, 0o755)  # a user of the empty system passes through it
    # It removes the folder when its input ends. All of us hold the other end; in a session of its own it outlives us.
    reading, writing = os.pipe()
    remover = subprocess.Popen([sys.executable, "-B", "-m", __spec__.name, folder], cwd=ROOT, stdin=reading,
                               start_new_session=True)
    os.close(reading)
    child = None

    def end(_signal=None, _frame=None):
        if child:
            child.kill()

    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, end)
    try:
        child = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
             *sys.orig_argv],
            env={**os.environ, "POLYBOT_EMPTY_FOLDER": folder}, pass_fds=[writing],
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
        os.close(writing)
        remover.wait()


def _remove_when_input_ends(folder):
    sys.stdin.buffer.read()
    groups = [hierarchy / folder.name for hierarchy in HIERARCHIES]

    def not_gone():
        for group in groups:
            remove_group(group)
        remove(folder)
        left = [str(path) for path in (folder, *groups) if path.exists()]
        return f"left: {', '.join(left)}" if left else None
    # A process killed a moment ago may still write its last file.
    wait_until(f"{folder} is removed", not_gone, REMOVE_S, every=0.05)


def remove_group(group):
    """Removes a control group and those below it, as far as nothing runs in them."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass  # the kernel is still taking a process down that was in it


def remove(folder):
    """Removes a folder; fails where something is still mounted below it, for that would be emptied too."""
    if mounted := mounts_below(folder):
        raise Failed(f"{mounted[0]} is still mounted: unmount it, then remove {folder}")
    shutil.rmtree(folder, ignore_errors=True)


def mounts_below(folder):
    """What is mounted on it or below it, the latest first."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    # The kernel writes spaces and the like as octal numbers.
    points = [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4]) for line in lines if line]
    own = os.path.realpath(folder)
    return [point for point in reversed(points) if point == own or point.startswith(own + "/")]


# ---- what this machine is, and where its packages come from ----


def codename_of(root):
    """Of the system in that folder; empty when there is none."""
    try:
        release = Path(root, "usr/lib/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r'^VERSION_CODENAME="?(\w+)', release, re.MULTILINE)
    return found.group(1) if found else ""


def own_system():
    codename = codename_of("/")
    return next((system for system in SYSTEMS if system.codename == codename), System(codename, codename, codename))


def source_files():
    """This machine's package sources that are its distribution's: path -> text."""
    found = {}
    candidates = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    codename = codename_of("/")
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
    raise Failed("this machine has no package source of its own: give its apt one")


def _ready_root(system):
    """The folder that POLYBOT_BARE_ROOT names, if it holds this system."""
    named = os.environ.get("POLYBOT_BARE_ROOT")
    if named and not codename_of(named):
        raise Failed(f"POLYBOT_BARE_ROOT={named} holds no system: name the folder of an empty one, or none")
    return Path(named).resolve() if named and codename_of(named) == system.codename else None


def _debootstrap(system, folder, packages):
    if shutil.which("debootstrap") is None:
        raise NotServed("POLYBOT_BARE_ROOT holds another system, and there is no debootstrap")
    log = folder / "debootstrap.log"
    root = folder / "base"
    started = time.monotonic()
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(["debootstrap", "--variant=minbase", f"--include={','.join(packages)}",
                                    system.codename, root, archive_of(source_files())], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        while True:
            try:
                code = process.wait(timeout=PROGRESS_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - started
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                say(f"  {seconds:.0f} s: {lines[-1] if lines else 'starting'}")
                if seconds > DEBOOTSTRAP_S:
                    process.kill()
    if code == 0:
        return root
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line[:2] == "E:"]
    reason = said[-1][2:].strip() if said else f"debootstrap ended with {code}"
    # A source that cannot be reached says the same as one that lacks the system; this machine's own it has.
    if system != own_system() and re.search(r"Failed getting release file|No such script", reason):
        raise NotServed(reason)
    raise Failed(f"no empty {system.name} could be made: {reason}")


# ---- systems ----


class Base:
    """An empty system with this machine's ways to its package source. Nothing writes to it."""

    def __init__(self, system, folder, packages=("ca-certificates",)):
        self.system = system
        self.folder = folder / system.codename
        self.archives = self.folder / "archives"  # downloaded packages, shared by the layers of this run
        self.layers = 0
        self.archives.mkdir(parents=True)
        started = time.monotonic()
        self.lower = [_ready_root(system) or _debootstrap(system, self.folder, packages)]
        with self.layer() as root:
            self._take_over_source(root.path / "etc/apt")
            for name in ("resolv.conf", "hosts"):
                if Path("/etc", name).exists():
                    shutil.copy(Path("/etc", name), root.path / "etc" / name)
            if root.run("dpkg-query", "-W", *packages)[0] != 0:  # one that was there already may lack some
                root.must("apt-get", "-q", "update")
                root.must("apt-get", "-qy", "--no-install-recommends", "install", *packages)
            lower = root.keep()
        self.lower = lower
        self.seconds = time.monotonic() - started

    def _take_over_source(self, apt):
        """The empty system reaches the package source as this machine does."""
        (apt / "sources.list").unlink(missing_ok=True)
        shutil.rmtree(apt / "sources.list.d", ignore_errors=True)
        root = apt.parents[1]
        for path, text in source_files().items():
            target = root / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(re.sub(rf"\b{codename_of('/')}\b", self.system.codename, text), encoding="utf-8")
            for key in re.findall(r"(/[^\s,\]]+\.(?:gpg|asc))", text):
                if Path(key).is_file() and not (root / key[1:]).exists():
                    (root / key[1:]).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(key, root / key[1:])
        settings = subprocess.run(["apt-config", "dump", "Acquire"], check=True, stdout=subprocess.PIPE, text=True,
                                  timeout=30).stdout
        (apt / "apt.conf.d/90acquire").write_text(settings + 'Dpkg::Use-Pty "0";\n', encoding="utf-8")
        if Path("/etc/apt/auth.conf.d").is_dir():
            shutil.copytree("/etc/apt/auth.conf.d", apt / "auth.conf.d", dirs_exist_ok=True)

    def layer(self, hasty=False):
        """A new system over it. A hasty one does not wait for the disk when it installs: it is thrown away anyway,
        but its seconds are not those of a machine."""
        self.layers += 1
        return Root(self, self.folder / f"layer-{self.layers}", hasty)

    def remove(self):
        remove(self.folder)


class Root:
    """A new empty system over a base, with this machine's network. The `with` it is used in unmounts and removes it."""

    def __init__(self, base, folder, hasty):
        self._base = base
        self.folder = folder
        self.path = folder / "root"
        self._hasty = hasty
        self._layered = False
        self._kept = False

    def __enter__(self):
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        # Unmounting a layer writes to the disk what all have written to that file system, but for a volatile one.
        self._layered = (self._hasty and self._overlay(",volatile")) or self._overlay("")
        if not self._layered:  # the folder lies on a file system that cannot be a layer
            subprocess.run(["cp", "-a", "--one-file-system", f"{self._base.lower[0]}/.", self.path], check=True,
                           timeout=600)
        if self._hasty:
            options = self.path / "etc/dpkg/dpkg.cfg.d"
            options.mkdir(parents=True, exist_ok=True)
            (options / "hasty").write_text("force-unsafe-io\n", encoding="utf-8")
        self.enter()
        return self

    def __exit__(self, *_):
        self._unmount_below(self.path)
        if not self._kept:
            remove(self.folder)

    def keep(self):
        """Leaves its files there for the layers of other systems; returns the folders that these lie on."""
        self._kept = True
        return [self.folder / "upper", *self._base.lower] if self._layered else [self.path]

    def enter(self):
        """Makes it one that commands run in."""
        self._mount("-t", "proc", "proc", "proc")
        self._mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "dev")
        self._make_devices(self.path / "dev")
        self._mount("--bind", str(self._base.archives), "var/cache/apt/archives")

    def leave(self):
        """Back to files alone, for a caller that boots it."""
        for name in ("var/cache/apt/archives", "dev", "proc"):
            self._unmount_below(self.path / name)

    def _overlay(self, option):
        lower = ":".join(map(str, self._base.lower))
        options = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work{option}"
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.path], capture_output=True,
                              timeout=60, check=False)
        return done.returncode == 0

    def _make_devices(self, dev):
        """Devices of its own: what is done to them is not done to the machine's."""
        for name, number in DEVICES.items():
            self._make_device(dev / name, 1, number)
        self._make_device(dev / "tty", 5, 0)
        for name, target in DEVICE_LINKS.items():
            (dev / name).symlink_to(target)
        self._mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620,gid=5", "devpts", "dev/pts")
        self._mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "dev/shm")

    @staticmethod
    def _make_device(path, major, minor):
        os.mknod(path, 0o020666, os.makedev(major, minor))
        os.chmod(path, 0o666)

    def _mount(self, *words):
        target = self.path / words[-1]
        target.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *words[:-1], target], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Failed(f"mount {target}: {done.stderr.strip()}")

    @staticmethod
    def _unmount_below(folder):
        for point in mounts_below(folder):
            done = subprocess.run(["umount", "--lazy", point], capture_output=True, text=True, timeout=60, check=False)
            if done.returncode != 0:
                raise Failed(f"{point} cannot be unmounted: {done.stderr.strip()}")

    # ---- in it ----

    def command(self, *words, user=None, environment=None):
        """The words of a command line that runs in it, as root or as a user, with nothing of our environment but
        proxies."""
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        variables = {"HOME": f"/home/{user}" if user else "/root", "USER": user or "root",
                     "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **proxies, **(environment or {})}
        become = ["runuser", "-u", user, "--"] if user else []
        return ["chroot", str(self.path), *become, "env", "-i",
                *(f"{name}={value}" for name, value in variables.items()), *map(str, words)]

    def run(self, *words, user=None, seconds=600, environment=None):
        """(exit code, output of both streams)."""
        plain = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(self.command(*words, user=user, environment=plain | (environment or {})),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout

    def must(self, *words, **options):
        code, output = self.run(*words, **options)
        if code != 0:
            last = "\n".join(output.strip().splitlines()[-12:])
            raise Failed(f"{' '.join(map(str, words))}: exit code {code}\n{last}")
        return output

    def clone(self, checkout, target):
        """Clones into it; the checkout may be another user's, as mounted ones and those of CI are."""
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", checkout, self.path / target], check=True,
                       timeout=300, env={**os.environ, "GIT_CONFIG_GLOBAL": self._trusting_git()})

    def _trusting_git(self):
        """The process that reads the checkout takes trust from a file alone, not from what its parent was given."""
        file = self.folder / "gitconfig"
        file.write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
        return str(file)


if __name__ == "__main__":
    _remove_when_input_ends(Path(sys.argv[1]))
