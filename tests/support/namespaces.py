"""Namespaces of the kernel's: a test starts again where its disks and networks are its own."""

import os
import subprocess
import sys

_INSIDE = "POLYBOT_TEST_NAMESPACE"


def inside():
    return _INSIDE in os.environ


def start_again(kinds, module, arguments=()):
    """The exit code of this test in namespaces of those kinds (unshare's options); None where there can be none."""
    unshare = ["unshare", *kinds] if os.geteuid() == 0 else ["unshare", *kinds, "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        return None
    return subprocess.run([*unshare, sys.executable, "-B", "-m", module, *arguments], check=False,
                          env={**os.environ, _INSIDE: "yes"}).returncode
