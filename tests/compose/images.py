"""Where the stack's images come from: each is named by a digest, which only a registry can serve. Where none can be
asked, an image that is here under the same name and version stands in, and the table of results says so."""

import re

import yaml

from tests.compose.engine import ROOT, WORK, run, say

BASE_ARGUMENT = "DEBIAN"   # of deploy/Dockerfile: the image that ours is built on


def present(image):
    return run(["docker", "image", "inspect", image])[0] == 0


def at_hand(image):
    """The image itself, here or pulled, or one that is here under its tag; without both (None, why not)."""
    if present(image):
        return image, None
    say(f"Pulling {image}")
    code, _, err = run(["docker", "pull", "--quiet", image], timeout=600)
    if code == 0:
        return image, None
    tag = image.partition("@")[0]
    return (tag if present(tag) else None), f"{image} cannot be pulled: {err.strip()}"


def base_image():
    return re.search(rf"^ARG {BASE_ARGUMENT}=(\S+)$", (ROOT / "deploy/Dockerfile").read_text(), re.M)[1]


class Images:
    """The stand-ins of a run, and the compose file that names them; empty where every digest can be had."""

    def __init__(self, table):
        self.table = table
        self.services = {}
        self.file = WORK / "images.yml"
        self.write()

    def write(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(yaml.safe_dump({"services": self.services}))

    def find_base(self):
        image, why = at_hand(base_image())
        if image and why:
            self.stand_in("build: base image", image, why, "permissions", {"build": {"args": {BASE_ARGUMENT: image}}})

    def find(self, service, image):
        """None when the service's image, or one instead of it, is here, else why not."""
        found, why = at_hand(image)
        if found and why:
            self.stand_in(f"up: image of {service}", found, why, service, {"image": found})
        return None if found else why

    def stand_in(self, check, image, why, service, change):
        self.table.skip(check, f"{why}; {image}, which is here, stands in")
        self.services[service] = change
        self.write()
