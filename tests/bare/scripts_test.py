"""What happens before the first line of PolyBot is compiled: packages, configuring, building, on machines on which
something is wrong. apt-get, sudo and the compiler are played here; nothing is installed and root is not needed."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PATIENCE_S = 60

OS_RELEASES = {
    "Debian 12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "Debian 13": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
    "Ubuntu 24.04": 'PRETTY_NAME="Ubuntu 24.04.2 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
}
OTHER_OS_RELEASES = {
    "Fedora Linux 41 (Workstation Edition)": "ID=fedora\nVERSION_ID=41\n",
    "Arch Linux": "ID=arch\n",
    "Alpine Linux v3.20": "ID=alpine\nVERSION_ID=3.20.1\n",
    "Debian GNU/Linux 11 (bullseye)": 'ID=debian\nVERSION_ID="11"\n',
    "Debian GNU/Linux forky/sid": "ID=debian\n",
    "Ubuntu 22.04.5 LTS": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n',
    "Linux Mint 22": 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
}


class Scratch(unittest.TestCase):
    """A folder with an odd name, which every script must bear, and programs of our own first in the PATH."""

    NAME = "polybot's bäre machine "

    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix=self.NAME)
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        self.environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                            "FOLDER": str(self.folder), "TMPDIR": str(self.folder)}
        for name in ("JOBS", "CXX", "MAKEFLAGS"):
            self.environment.pop(name, None)

    def program(self, name, script):
        path = self.programs / name
        path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
        path.chmod(0o755)
        return path

    def run_script(self, words, **environment):
        return subprocess.run(words, env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S,
                              cwd=self.folder)

    def start_script(self, words, **environment):
        """In a process group of its own, as a shell starts what is typed: Ctrl-C reaches all of it, even when these
        tests run in the background, where a shell has it ignored."""
        process = subprocess.Popen(words, env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
                                   start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def told(self, fifo):
        """Waits until a played program has come to where it writes to this pipe."""
        pipe = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, pipe)
        self.assertTrue(select.select([pipe], [], [], PATIENCE_S)[0], f"nothing came through {fifo.name}")

    def one_sentence(self, result, words, code=1):
        self.assertEqual(result.returncode, code, result.stdout)
        self.assertIn(words, result.stdout.splitlines()[-1])


class Systems(Scratch):
    def setUp(self):
        super().setUp()
        for name in ("apt-get", "apt-cache", "dpkg-query", "sudo"):
            self.program(name, f'echo {name} "$@" >>"$FOLDER/asked"; exit 1')

    def packages(self, os_release, *groups):
        path = self.folder / "os-release"
        path.write_text(os_release)
        return self.run_script([DEPLOY / "install-packages.sh", *groups], POLYBOT_OS_RELEASE=str(path))

    def test_another_system_is_named_and_left_alone(self):
        for name, fields in OTHER_OS_RELEASES.items():
            with self.subTest(name):
                result = self.packages(f'NAME="x"\nPRETTY_NAME="{name}"\n{fields}', "build")
                self.one_sentence(result, f"This is {name}, and")
                self.one_sentence(result, "docker compose up")
                self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)
                self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["os-release", "programs"])

    def test_so_is_a_mac_and_a_system_without_a_name(self):
        self.program("uname", "echo Darwin")
        result = self.run_script([DEPLOY / "install-packages.sh"], POLYBOT_OS_RELEASE=str(self.folder / "none"))
        self.one_sentence(result, "This is macOS, and")
        self.program("uname", "echo FreeBSD")
        result = self.run_script([DEPLOY / "install-packages.sh"], POLYBOT_OS_RELEASE=str(self.folder / "none"))
        self.one_sentence(result, "This is FreeBSD, and")
        self.assertFalse((self.folder / "asked").exists())

    def test_each_known_system_gets_its_own_boost(self):
        self.program("id", "echo 0")
        for name, boost in (("Debian 12", "1.81"), ("Debian 13", "1.83"), ("Ubuntu 24.04", "1.83")):
            with self.subTest(name):
                result = self.packages(OS_RELEASES[name], "build")
                self.assertIn(f"Installing missing packages from {name}:", result.stdout)
                self.assertIn(f" libboost-url{boost}-dev", result.stdout)
                self.assertNotIn("gtest", result.stdout)
                self.assertNotIn("benchmark", result.stdout)

    def test_an_unknown_group_is_named(self):
        self.one_sentence(self.packages(OS_RELEASES["Debian 12"], "bulid"), "there is no group 'bulid'")


class Packages(Scratch):
    """apt-get played by a script: $FOLDER/STEP.says is what a step prints, $FOLDER/STEP.code how it ends."""

    def setUp(self):
        super().setUp()
        (self.folder / "os-release").write_text(OS_RELEASES["Debian 12"])
        self.environment["POLYBOT_OS_RELEASE"] = str(self.folder / "os-release")
        self.program("id", "echo 1000")
        # Only what the package says to be installed is.
        self.program("dpkg-query", 'cat "$FOLDER/installed" 2>/dev/null')
        self.program("dpkg", """\
            echo "dpkg $*" >>"$FOLDER/asked"
            case $1 in --audit) cat "$FOLDER/audit" 2>/dev/null ;; esac
            if [ "$1" = --configure ]; then rm -f "$FOLDER"/plan.* "$FOLDER/audit"; fi
            """)
        self.program("apt-mark", "echo libssl-dev")
        self.program("apt-get", """\
            case " $* " in
              *" update "*) step=update ;;
              *" -s "*) step=plan ;;
              *" --assume-no "*) step=sizes ;;
              *" --download-only "*) step=download ;;
              *" -f "*) step=mend ;;
              *) step=install ;;
            esac
            echo "apt-get $step" >>"$FOLDER/asked"
            cat "$FOLDER/$step.says" 2>/dev/null
            [ ! -x "$FOLDER/$step.does" ] || "$FOLDER/$step.does" || exit
            exit "$(cat "$FOLDER/$step.code" 2>/dev/null || echo 0)"
            """)
        # The policy against started services lies in our folder, for every user who runs this test.
        self.program("sudo", """\
            case $1 in
              -n) exit "$(cat "$FOLDER/password" 2>/dev/null || echo 0)" ;;
              tee) cat >"$FOLDER/policy" ;;
              chmod) chmod "$2" "$FOLDER/policy" ;;
              rm) rm -f "$FOLDER/policy" ;;
              *) exec "$@" ;;
            esac
            """)
        self.say("plan", "Inst g++ (4:12.2.0-3 Debian:12 [amd64])\nInst cmake (3.25 Debian:12 [amd64])\n")
        self.say("sizes", "Need to get 84.2 MB of archives.\nAfter this operation, 512 MB of additional disk space "
                 "will be used.\n", 1)

    def say(self, step, text, code=0):
        (self.folder / f"{step}.says").write_text(text)
        (self.folder / f"{step}.code").write_text(str(code))

    def do(self, step, script):
        path = self.folder / f"{step}.does"
        path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
        path.chmod(0o755)

    def install(self, *groups, **environment):
        return self.run_script([DEPLOY / "install-packages.sh", *groups], **environment)

    def asked(self):
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def leaves_nothing(self):
        self.assertFalse((self.folder / "policy").exists())
        self.assertEqual(list(self.folder.glob("polybot-packages.*")), [])

    def names_its_log(self, result):
        log = result.stdout.splitlines()[-1].split("details: ")[1].removesuffix(").")
        self.assertTrue(Path(log).exists(), log)

    def test_says_how_much_it_installs_and_leaves_nothing_behind(self):
        result = self.install("build")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("2 packages, 84 MB to download, 512 MB on the disk", result.stdout)
        self.assertIn("Packages are installed (2 in ", result.stdout)
        self.leaves_nothing()

    def test_installed_is_only_what_dpkg_says_is(self):
        (self.folder / "installed").write_text("g++:installed\ncmake:config-files\nninja-build:half-configured\n")
        line = self.install("build").stdout.splitlines()[0]
        self.assertNotIn(" g++", line)
        self.assertIn(" cmake", line)
        self.assertIn(" ninja-build", line)

    def test_no_network(self):
        self.say("update", "W: Failed to fetch http://x/InRelease  Temporary failure resolving 'x'\n")
        self.say("plan", "E: Unable to locate package g++\n", 100)
        result = self.install("build")
        self.one_sentence(result, "The package source of this machine cannot be reached:")
        self.names_its_log(result)

    def test_a_full_disk_while_unpacking(self):
        self.say("install", "dpkg: error processing archive x: failed to write: No space left on device\n", 100)
        result = self.install("build")
        self.one_sentence(result, "The disk is full: free 512 MB (`sudo apt-get clean` may help)")
        self.names_its_log(result)
        self.assertFalse((self.folder / "policy").exists())

    def test_a_full_disk_before_the_download(self):
        self.say("download", "E: You don't have enough free space in /var/cache/apt/archives/.\n", 100)
        self.one_sentence(self.install("build"), "The disk is full: free 512 MB")

    def test_a_package_that_the_source_does_not_have(self):
        (self.folder / "os-release").write_text(OS_RELEASES["Ubuntu 24.04"])
        self.say("plan", "E: Unable to locate package libnng-dev\n", 100)
        self.one_sentence(self.install("build"), "has no libnng-dev: enable all of Ubuntu 24.04 "
                          "(`sudo add-apt-repository universe`), then")

    def test_packages_on_hold(self):
        self.say("plan", "E: Unable to correct problems, you have held broken packages.\n", 100)
        self.one_sentence(self.install("build"), "release them with `sudo apt-mark unhold libssl-dev`")

    def test_what_else_goes_wrong_names_the_log(self):
        self.say("install", "E: something new\n", 100)
        result = self.install("build")
        self.one_sentence(result, "apt-get failed: mend what its last lines say, then")
        self.names_its_log(result)

    def test_an_earlier_installation_is_finished_first(self):
        self.say("plan", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'\n", 100)
        result = self.install("build")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("finishing it first", result.stdout)
        self.assertIn("dpkg --configure -a", self.asked())
        self.leaves_nothing()

    def test_packages_left_half_configured_are_finished_first(self):
        (self.folder / "audit").write_text("The following packages are only half configured\n")
        result = self.install("build")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("apt-get mend", self.asked())

    def test_another_boost_gives_way(self):
        with open(self.folder / "plan.says", "a", encoding="utf-8") as plan:
            plan.write("Remv libboost-dev [1.74.0.3]\nRemv libboost1.74-dev [1.74.0+ds1-21]\n")
        result = self.install("build")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("Boost 1.81's headers replace those of another version: libboost-dev libboost1.74-dev",
                      result.stdout)

    def test_nothing_else_is_removed(self):
        with open(self.folder / "plan.says", "a", encoding="utf-8") as plan:
            plan.write("Remv libboost1.74-dev [1.74.0+ds1-21]\nRemv libleatherman-dev [1.12]\n")
        self.one_sentence(self.install("build"), "remove packages that you may need (libleatherman-dev), so nothing")
        self.assertNotIn("apt-get install", self.asked())

    def test_without_sudo(self):
        # A PATH without the machine's own sudo: only what the script needs until then.
        (self.programs / "sudo").unlink()
        for tool in ("sh", "uname", "sed", "head", "tr"):
            (self.programs / tool).symlink_to(shutil.which(tool))
        result = self.install("build", PATH=str(self.programs))
        self.one_sentence(result, "there is no sudo: run `")
        self.assertEqual(self.asked(), [])

    def test_sudo_that_asks_without_a_terminal(self):
        (self.folder / "password").write_text("1")
        self.one_sentence(self.install("build"), "sudo asks for a password, which nobody can type here")
        self.assertEqual(self.asked(), [])

    def test_ctrl_c_while_downloading_stops_at_once(self):
        fifo = self.folder / "begun"
        os.mkfifo(fifo)
        self.do("download", 'echo >"$FOLDER/begun"; exec sleep 600')
        process = self.start_script([DEPLOY / "install-packages.sh", "build"])
        self.told(fifo)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(output.splitlines()[-1],
                         "Stopped while installing packages; the same command goes on from here.")
        self.leaves_nothing()

    def test_ctrl_c_while_unpacking_lets_dpkg_finish(self):
        begun, release = self.folder / "begun", self.folder / "release"
        os.mkfifo(begun)
        os.mkfifo(release)
        self.do("install", """\
            echo >"$FOLDER/begun"
            read -r line <"$FOLDER/release"
            echo done >"$FOLDER/unpacked"
            """)
        process = self.start_script([DEPLOY / "install-packages.sh", "build"])
        self.told(begun)
        os.killpg(process.pid, signal.SIGINT)
        release.write_text("go\n")
        output = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("Finishing the installation that has begun", output)
        self.assertTrue((self.folder / "unpacked").exists())
        self.leaves_nothing()


CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
option(POLYBOT_TESTS "" ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
add_executable(tiny main.cpp)
add_custom_target(programs DEPENDS tiny)
if(POLYBOT_TESTS)
  find_package(Probe CONFIG REQUIRED)
  add_executable(tiny_test main.cpp)
endif()
"""


class Building(Scratch):
    """deploy/build.sh over a project of one file."""

    # No quote: ninja 1.11 misreads it in what a compiler says about its headers, and compiles again each time.
    NAME = "polybot bäre machine "

    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"
        self.make_project(self.project)
        self.probe = self.folder / "probe"
        self.probe.mkdir()
        (self.probe / "ProbeConfig.cmake").write_text("")
        self.environment["Probe_DIR"] = str(self.probe)
        self.environment["CCACHE_DISABLE"] = "1"
        # What the compiler is to do instead of compiling, as long as there is such a file.
        compiler = self.program("compiler", """\
            case " $* " in *main.cpp*) [ ! -x "$FOLDER/instead" ] || exec "$FOLDER/instead" ;; esac
            exec c++ "$@"
            """)
        self.environment["CXX"] = str(compiler)

    @staticmethod
    def make_project(folder):
        (folder / "deploy").mkdir(parents=True)
        for script in ("build.sh", "jobs.sh"):
            shutil.copy(DEPLOY / script, folder / "deploy")
        (folder / "CMakeLists.txt").write_text(CMAKE_LISTS)
        (folder / "main.cpp").write_text("int main() {}\n")

    def instead(self, script):
        path = self.folder / "instead"
        path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
        path.chmod(0o755)
        return path

    def words(self, options, *targets):
        return ["sh", "-c", 'cd "$0" && exec deploy/build.sh "$@"', self.project, "build/release", options, *targets]

    def build(self, options="", *targets, **environment):
        return self.run_script(self.words(options, *(targets or ("programs",))), **environment)

    def succeeds(self, *words, **environment):
        result = self.build(*words, **environment)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_the_second_time_it_says_nothing(self):
        self.assertIn("Built in ", self.succeeds())
        self.assertEqual(self.succeeds(), "")

    def test_programs_need_nothing_of_the_tests(self):
        (self.probe / "ProbeConfig.cmake").unlink()
        self.succeeds()

    def test_tests_are_added_to_the_same_tree_and_stay(self):
        self.succeeds()
        program = self.project / "build/release/bin/tiny"
        built = program.stat().st_mtime_ns
        self.assertIn("with the tests", self.succeeds("-DPOLYBOT_TESTS=ON", "all"))
        self.assertEqual(program.stat().st_mtime_ns, built)
        self.assertEqual(self.succeeds(), "")
        self.assertEqual(self.succeeds("-DPOLYBOT_TESTS=ON", "all"), "")

    def test_programs_are_built_when_the_tests_packages_are_gone(self):
        self.succeeds("-DPOLYBOT_TESTS=ON", "all")
        (self.probe / "ProbeConfig.cmake").unlink()
        self.assertIn("configuring the programs alone", self.succeeds())
        self.assertEqual(self.succeeds(), "")
        self.one_sentence(self.build("-DPOLYBOT_TESTS=ON", "all"), "Configuring failed: mend")

    def test_a_changed_option_or_build_file_is_configured(self):
        self.succeeds()
        self.assertIn("Configuring build/release again", self.succeeds("-DANOTHER=ON"))
        os.utime(self.project / "CMakeLists.txt")
        self.assertIn("Configuring build/release again", self.succeeds("-DANOTHER=ON"))

    def test_the_tree_of_an_older_checkout_is_configured_afresh(self):
        subprocess.run(["cmake", "-S", self.project, "-B", self.project / "build/release", "-G", "Unix Makefiles",
                        "-DPOLYBOT_TESTS=OFF"], check=True, stdout=subprocess.DEVNULL, env=self.environment)
        self.assertIn("Configuring build/release afresh: another version made it", self.succeeds())
        self.assertEqual(self.succeeds(), "")

    def test_half_a_tree_is_configured_afresh(self):
        tree = self.project / "build/release"
        for harm in (lambda: (tree / "build.ninja").unlink(),
                     lambda: (tree / "CMakeCache.txt").unlink(),
                     lambda: (tree / "build.ninja").write_text((tree / "build.ninja").read_text()[:-200] + "build x"),
                     lambda: (tree / "build.ninja").write_text("")):
            self.succeeds()
            harm()
            self.assertIn("Configuring build/release afresh", self.succeeds())
            self.assertEqual(self.succeeds(), "")

    def test_so_is_a_clone_that_was_moved(self):
        self.succeeds()
        self.project = self.project.rename(self.folder / "elsewhere")
        self.assertIn("afresh: it was made in another folder", self.succeeds())
        self.assertEqual(self.succeeds(), "")

    def test_so_is_one_of_another_compiler(self):
        self.succeeds()
        self.assertIn("or with another compiler", self.succeeds(CXX="c++"))

    def test_a_mistake_is_shown_and_the_log_named(self):
        (self.project / "main.cpp").write_text("int main() { return nothing; }\n")
        result = self.build()
        self.assertIn("was not declared", result.stdout)
        self.one_sentence(result, "Building failed: mend what is said above (also in build/release/build.log)")

    def test_a_compiler_killed_for_lack_of_memory(self):
        harm = self.instead('echo "c++: fatal error: Killed signal terminated program cc1plus" >&2; exit 1')
        result = self.build(JOBS="2")
        self.one_sentence(result, "A compiler ran out of memory: run the same command again with JOBS=1")
        self.assertNotIn("FAILED", result.stdout)
        self.one_sentence(self.build(JOBS="1"), "give this machine 2 GB of memory")
        harm.unlink()
        self.succeeds()

    def test_a_full_disk(self):
        harm = self.instead('echo "fatal error: error writing to x: No space left on device" >&2; exit 1')
        result = self.build()
        self.one_sentence(result, "The disk of build/release is full: free 2 GB, then run the same command again")
        self.assertNotIn("FAILED", result.stdout)
        harm.unlink()
        self.succeeds()

    def test_ctrl_c_stops_at_once_and_the_next_time_goes_on(self):
        fifo = self.folder / "begun"
        os.mkfifo(fifo)
        harm = self.instead('echo >"$FOLDER/begun"; exec sleep 600')
        process = self.start_script(self.words("", "programs"))
        self.told(fifo)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(output.splitlines()[-1], "Stopped while building; the same command goes on from here.")
        self.assertNotIn("ninja", output)
        harm.unlink()
        self.assertNotIn("Configuring", self.succeeds())

    def test_jobs_that_are_no_number(self):
        self.one_sentence(self.build(JOBS="many"), "JOBS=many is no number of compile jobs")


class Jobs(Scratch):
    def jobs(self, processors=8, available_kib=64_000_000, cgroup="0::/\n", limits=None):
        self.program("nproc", f"echo {processors}")
        root = self.folder / "root"
        shutil.rmtree(root, ignore_errors=True)
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable:   {available_kib} kB\n")
        (root / "proc/self/cgroup").write_text(cgroup)
        for path, limit in (limits or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(f"{limit}\n")
        result = self.run_script([DEPLOY / "jobs.sh", root])
        self.assertEqual(result.returncode, 0, result.stdout)
        return int(result.stdout)

    def test_as_many_as_processors_when_memory_is_plenty(self):
        self.assertEqual(self.jobs(), 8)

    def test_as_many_as_free_memory_bears_and_at_least_one(self):
        self.assertEqual(self.jobs(available_kib=4_000_000), 2)
        self.assertEqual(self.jobs(available_kib=500_000), 1)

    def test_a_containers_limit_counts(self):
        self.assertEqual(self.jobs(limits={"sys/fs/cgroup/memory.max": 2 << 30}), 1)
        self.assertEqual(self.jobs(limits={"sys/fs/cgroup/memory.max": "max"}), 8)
        self.assertEqual(self.jobs(cgroup="0::/a/b\n", limits={"sys/fs/cgroup/a/memory.max": 4 << 30,
                                                               "sys/fs/cgroup/a/b/memory.max": "max"}), 2)

    def test_so_does_one_of_the_older_kind(self):
        cgroup = "12:cpu,cpuacct:/docker/x\n7:memory:/docker/x\n"
        unlimited = {"sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712}
        self.assertEqual(self.jobs(cgroup=cgroup, limits=unlimited), 8)
        self.assertEqual(self.jobs(cgroup=cgroup, limits={"sys/fs/cgroup/memory/memory.limit_in_bytes": 3 << 30}), 2)

    def test_a_machine_that_says_nothing_gets_one_per_processor(self):
        self.program("nproc", "echo 4")
        self.assertEqual(self.run_script([DEPLOY / "jobs.sh", self.folder / "nowhere"]).stdout, "4\n")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
