"""Installs the package that `make package` made in an empty root of this system, and uses it there as a new user would.

lintian finds no error; each program tells its version and its manual page names all that --help names; as a user
without rights `polybot run` trades and stops equal; systemd verifies each unit, none is exposed by more than 3.0, and
where systemd can be booted in a container polybot.target trades and stops in order; an upgrade keeps what the user
changed; a purge leaves only data.

Needs root, debootstrap and lintian; what is missing is skipped by name. POLYBOT_BARE_ROOT names an empty root that is
there already; without it one is made. What it makes lies below TMPDIR (or /var/tmp) and is removed at the end. The
exit code is 1 when a check fails.
"""

import contextlib
import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.package.booted import Booted, cannot_boot
from tests.support.empty_root import Base, isolate, own_system, unmet_need
from tests.support.stack import free_offset, no_fill_at
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until

SERVICES = ("gateway", "strategy-runner", "order-manager", "metrics-aggregator", "venue-simulator")
PROGRAMS = ("polybot", *(f"polybot-{service}" for service in SERVICES))
UNITS = ("polybot-setup.service", "polybot-venue-simulator.service", "polybot-metrics-aggregator.service",
         "polybot-order-manager.service", "polybot-gateway.service", "polybot-strategy-runner@1.service")
USER = "ada"
CHANGED = "# changed by the user\n"


def demand(condition, otherwise):
    if not condition:
        raise Failed(otherwise)


def find_package():
    found = sorted((BUILD / "release" / "package").glob("polybot_*.deb"))
    demand(len(found) == 1, "there is no package; make package makes it")
    return found[0]


def shipped_revision():
    """The commit that the programs must name; unknown outside of a clone."""
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "rev-parse", "--short=12", "HEAD"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def higher_version(package, folder, suffix, changed=()):
    """The same package with a higher version, in which these files of /etc/polybot have changed."""
    tree = folder / f"tree{suffix}"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", rf"\g<0>{suffix}", control.read_text()))
    for name in changed:
        with open(tree / "etc/polybot" / name, "a") as file:
            file.write("# new in this version\n")
    target = folder / f"polybot{suffix}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, target], check=True,
                   stdout=subprocess.DEVNULL)
    return target


class PackageTest:
    def __init__(self, package, root, folder):
        self.package = package
        self.folder = folder
        self.root = root
        self.bad = 0
        self.rows = []

    def check(self, name, body):
        try:
            self.row("ok", name, body())
            return True
        except Failed as failure:
            self.bad += 1
            self.row("FAIL", name, str(failure))
            return False

    def row(self, word, name, detail):
        self.rows.append(word)
        say(f"{word:5}{name}: {detail}")

    def install(self):
        self.root.must("apt-get", "update", "-q")
        shutil.copy(self.package, self.root.path / "polybot.deb")
        self.root.must("apt-get", "install", "-y", "-q", "--no-install-recommends", "/polybot.deb")
        self.root.must("useradd", "--create-home", USER)
        self.root.must("getent", "passwd", "polybot")
        return self.package.name

    def programs(self):
        revision = shipped_revision()
        for program in PROGRAMS:
            said = self.root.must(program, "--version", user=USER).strip()
            wanted = rf"{re.escape(program.removeprefix('polybot-'))} \d+\.\d+\.\d+ \(commit {revision}\)"
            demand(re.fullmatch(wanted, said), f"{program} --version says '{said}'")
            self._compare_page(program, self.root.must(program, "--help", user=USER))
            for service in SERVICES:
                if program == f"polybot-{service}":
                    demand(f"/etc/polybot/{service}.toml" in self.root.must(program, "--help"),
                           f"{program} looks for its configuration elsewhere")
                    # order-manager alone wants a key, which may be made later.
                    key = {"POLYBOT_VENUE__PRIVATE_KEY_FILE": "/no/key/yet"}
                    self.root.must(program, "--check-config", user=USER,
                                   environment=key if service == "order-manager" else None)
        return f"{len(PROGRAMS)} programs of commit {revision}"

    def _compare_page(self, program, help_text):
        page = gzip.decompress((self.root.path / f"usr/share/man/man1/{program}.1.gz").read_bytes()).decode()
        page = page.replace("\\-", "-")
        options = re.findall(r"(?<![\w-])--[a-z-]+", help_text)
        commands_part = help_text.partition("Commands instead")[2].partition("Environment:")[0]
        commands = re.findall(r"(?m)^  ([a-z]+)  ", commands_part)
        variables = re.findall(r"(?m)^  ([A-Z_]+)(?:[ =])", help_text)
        for word in {*options, *commands, *variables}:
            demand(word in page, f"the manual page of {program} does not name {word}")

    def completion(self):
        script = (". /usr/share/bash-completion/completions/polybot-order-manager; COMP_CWORD=1; "
                  "for pair in 'polybot-order-manager ve' 'polybot s'; do COMP_WORDS=($pair); "
                  '_polybot $pair "${COMP_WORDS[0]}"; echo "${COMPREPLY[*]}"; done')
        said = self.root.must("bash", "-c", script).split()
        demand(said == ["verify", "scale"], f"completing ve and s gives {said}")
        return "polybot, polybot-order-manager"

    def trade(self):
        offset = free_offset()
        output = self.root.path / "tmp" / "stack.out"
        with open(output, "w") as out:
            process = subprocess.Popen(
                self.root.command("polybot", "run", user=USER, environment={"PORT_OFFSET": offset, "LC_ALL": "C"}),
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            def no_fill():
                if process.poll() is not None:
                    raise Failed("the stack ended: " + output.read_text()[-600:])
                # Interrupted before it has said so, a start has failed, whatever has been traded.
                ready = "\nready: " in output.read_text()
                return no_fill_at(f"http://127.0.0.1:{8080 + offset}") if ready else "not ready yet"
            took = wait_until("the installed stack trades", no_fill, 120)
        finally:
            # runuser stays between chroot and polybot; the signal is for the latter, as from a terminal.
            for child in children_of(process.pid):
                os.kill(child, signal.SIGINT)
            try:
                code = process.wait(60)
            except subprocess.TimeoutExpired:
                # runuser last: it is stopped when what it started is, and then sees no end of it.
                for hanging in (*descendants_of(process.pid), process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(hanging, signal.SIGKILL)
                code = process.wait()
        text = output.read_text()
        closing = [line for line in text.splitlines() if line.startswith("venue == journal == metrics")]
        demand(code == 0 and closing, f"exit code {code}: " + text[-600:])
        demand((self.root.path / f"home/{USER}/.local/share/polybot/sim/journal/journal.db").exists(),
               "the data are not in ~/.local/share/polybot/sim")
        return f"first fill after {took:.1f} s; {closing[0]}"

    def units(self):
        self.root.must("apt-get", "install", "-y", "-q", "--no-install-recommends", "systemd-sysv", "dbus")
        said = self.root.must("systemd-analyze", "verify", "--man=no", *UNITS, "polybot.target")
        demand(not said.strip(), said)
        exposures = []
        for unit in UNITS:
            said = self.root.must("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", unit)
            exposures.append(re.search(r"Overall exposure level for .*: ([\d.]+)", said)[1])
        return "verified; exposures " + ", ".join(exposures)

    def boot(self):
        shutil.copy(higher_version(self.package, self.folder, "+a"), self.root.path / "next.deb")
        with Booted(self.root, self.folder.name) as machine:
            traded = machine.trade()
            machine.upgrade("/next.deb")
            return f"{traded}; all run again after an upgrade; {machine.stop()}"

    def upgrade(self):
        with open(self.root.path / "etc/polybot/gateway.toml", "a") as file:
            file.write(CHANGED)
        next_package = higher_version(self.package, self.folder, "+b", ("gateway.toml", "order-manager.toml"))
        shutil.copy(next_package, self.root.path / "next.deb")
        self.root.must("apt-get", "install", "-y", "-q", "-o", "Dpkg::Options::=--force-confdef", "/next.deb")
        kept = (self.root.path / "etc/polybot/gateway.toml").read_text()
        demand(kept.endswith(CHANGED), "the changed gateway.toml was overwritten")
        followed = (self.root.path / "etc/polybot/order-manager.toml").read_text()
        demand("# new in this version" in followed, "the unchanged order-manager.toml is the old one")
        version = self.root.must("dpkg-query", "-W", "-f", "${Version}", "polybot")
        demand(version.endswith("+b"), f"the version is {version}")
        return f"to {version}; the changed file is kept, the unchanged one is new"

    def purge(self):
        uid = self.root.must("id", "-u", "polybot").strip()
        self.root.must("apt-get", "remove", "-y", "-q", "polybot")
        demand((self.root.path / "etc/polybot/gateway.toml").read_text().endswith(CHANGED),
               "removing without purging took the configuration")
        self.root.must("apt-get", "purge", "-y", "-q", "polybot")
        found = self.root.must("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/home", "-o", "-path",
                               "/var/lib/polybot/*", ")", "-prune", "-o",
                               "(", "-iname", "*polybot*", "-o", "-uid", uid, ")", "-print")
        # Logs are the machine's: what systemd wrote of this machine's life is not the package's.
        left = [line for line in found.splitlines()
                if not re.match(r"/(polybot\.deb|next\.deb|var/log/|var/cache/apt/|tmp/)", line)]
        data = self.root.path / "var/lib/polybot"
        owner, _ = self.root.run("getent", "passwd", "polybot")
        if data.exists():
            demand(left == ["/var/lib/polybot"], f"left over: {left}")
            demand(owner == 0, "data are there, and the user that owns them is gone")
            names = ", ".join(sorted(entry.name for entry in data.iterdir()))
            return f"left: /var/lib/polybot ({names}) and its user"
        demand(left == [], f"left over: {left}")
        demand(owner != 0, "the user polybot is left without data")
        return "nothing is left: there were no data"


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants_of(pid):
    """Each before those that it started, which it might start again."""
    return [found for child in children_of(pid) for found in (child, *descendants_of(child))]


def lint(package):
    done = subprocess.run(["lintian", "--fail-on", "error", "--allow-root", package], capture_output=True, text=True,
                          check=False)
    errors = [line for line in done.stdout.splitlines() if line.startswith("E:")]
    demand(done.returncode == 0 and not errors, done.stdout + done.stderr)
    return f"no error, {sum(line.startswith('W:') for line in done.stdout.splitlines())} warnings"


def main():
    if why := unmet_need():
        say(f"skip everything: {why}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    package = find_package()
    folder = isolate()
    say("making an empty root of this system")
    base = Base(own_system(), folder)
    say(f"made in {base.seconds:.0f} s")
    with base.layer(hasty=True) as root:
        test = PackageTest(package, root, folder)
        if shutil.which("lintian"):
            test.check("lintian", lambda: lint(package))
        else:
            test.row("skip", "lintian", "it is not installed (apt-get install lintian)")
        if test.check("installed in an empty root", test.install):
            test.check("programs and manual pages", test.programs)
            test.check("completion", test.completion)
            test.check("polybot run", test.trade)
            test.check("units", test.units)
            if why := cannot_boot():
                test.row("skip", "polybot.target", why)
            else:
                test.check("polybot.target", test.boot)
            test.check("upgrade", test.upgrade)
            test.check("purge", test.purge)
    print(f"{test.rows.count('ok')} passed, {test.bad} failed, {test.rows.count('skip')} skipped")
    return 1 if test.bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"package_test: {failure}", file=sys.stderr)
        sys.exit(1)
