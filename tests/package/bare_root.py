"""An empty root of this system: made once by debootstrap from where this machine takes its packages, then laid under
each test as the untouched lower half of an overlay."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from waiting import Failed, say

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C",
               "DEBIAN_FRONTEND": "noninteractive"}


def unmet_need():
    """Why there can be no bare root here; None when there can."""
    if os.geteuid() != 0:
        return "an empty root needs root"
    if shutil.which("debootstrap") is None:
        return "there is no debootstrap (apt-get install debootstrap)"
    return None


def _package_source():
    """(suite, address) of this machine's own source."""
    suite = re.search(r"(?m)^VERSION_CODENAME=(\S+)", Path("/etc/os-release").read_text())
    for file in [*Path("/etc/apt/sources.list.d").glob("*.sources"), *Path("/etc/apt/sources.list.d").glob("*.list"),
                 Path("/etc/apt/sources.list")]:
        if file.exists() and (found := re.search(r"(?m)^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+)", file.read_text())):
            return suite[1], found[1]
    raise Failed("no package source is known to this machine's apt")


def _make(folder):
    if (folder / "complete").exists():
        return folder / "root"
    suite, address = _package_source()
    say(f"making an empty root of {suite} (once; some two minutes)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    root = folder / "root"
    with open(folder / "debootstrap.log", "w") as log:
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", suite, root, address],
                              stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Failed(f"debootstrap failed; what it said is in {folder / 'debootstrap.log'}")
    # Later packages come from the same source, by the same ways.
    for name in ("sources.list", "sources.list.d", "apt.conf.d", "auth.conf.d", "trusted.gpg.d", "keyrings"):
        own, theirs = Path("/etc/apt") / name, root / "etc/apt" / name
        if own.is_dir():
            shutil.copytree(own, theirs, dirs_exist_ok=True, symlinks=True)
        elif own.exists():
            shutil.copy(own, theirs)
        else:
            theirs.unlink(missing_ok=True) if theirs.is_file() else None
    shutil.copytree("/usr/share/keyrings", root / "usr/share/keyrings", dirs_exist_ok=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    (folder / "complete").touch()
    return root


class BareRoot:
    """A fresh root for as long as the `with` lasts. It shares this machine's network."""

    def __init__(self, work, ready=None):
        self._work = work
        self._lower = Path(ready) if ready else _make(work / "empty")
        self.path = work / "merged"
        self.upper = work / "upper"

    def __enter__(self):
        self._unmount()
        for folder in (self.path, self.upper, self._work / "scratch"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        options = f"lowerdir={self._lower},upperdir={self.upper},workdir={self._work / 'scratch'}"
        self._mount("-t", "overlay", "overlay", "-o", options, self.path)
        self.enter()
        return self

    def __exit__(self, *_):
        self._unmount()

    def enter(self):
        """Makes it one that commands run in."""
        self._mount("-t", "proc", "proc", self.path / "proc")
        self._mount("--rbind", "/dev", self.path / "dev")
        self._mount("--make-rslave", self.path / "dev")

    def leave(self):
        """Back to files alone, as somebody else wants it who boots it."""
        self._unmount("dev", "proc")

    @staticmethod
    def _mount(*arguments):
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"mount {arguments[-1]}: {done.stderr.strip()}")

    def _unmount(self, *names):
        for folder in [self.path / name for name in names or ("dev", "proc", "")]:
            while os.path.ismount(folder):
                if subprocess.run(["umount", "-l", folder], capture_output=True, check=False).returncode != 0:
                    raise Failed(f"{folder} cannot be unmounted")

    def command(self, *words, user=None):
        """The words of a command line that runs in this root."""
        as_user = ["runuser", "-u", user, "--"] if user else []
        return ["chroot", str(self.path), *as_user, *map(str, words)]

    def run(self, *words, user=None, seconds=600, environment=None):
        """(exit code, output of both streams)."""
        done = subprocess.run(self.command(*words, user=user), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False,
                              env=ENVIRONMENT | (environment or {}))
        return done.returncode, done.stdout

    def must(self, *words, **options):
        code, output = self.run(*words, **options)
        if code != 0:
            last = "\n".join(output.strip().splitlines()[-12:])
            raise Failed(f"{' '.join(map(str, words))}: exit code {code}\n{last}")
        return output
