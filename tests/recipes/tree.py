"""A copy of the project in memory that recipes change, and that is laid down where it is built."""

import re

from tests.support.waiting import ROOT, Failed

_FOLDERS = (".ci", ".github", "common", "deploy", "docs", "proto", "services", "tests")


class Tree:
    def __init__(self):
        paths = [path for path in ROOT.iterdir() if path.is_file()]
        paths += [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
        self._files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths
                       if "__pycache__" not in path.parts}
        self.changed = set()

    def read(self, path):
        return self._files[path].decode()

    def write(self, path, text):
        self._files[path] = text.encode()
        self.changed.add(path)

    def put(self, path, line, before=None, after=None):
        """Puts `line` before or after the only line of the file that contains the given text."""
        lines = self.read(path).splitlines(keepends=True)
        places = [number for number, there in enumerate(lines) if (before or after) in there]
        if len(places) != 1:
            raise Failed(f"{path}: {len(places)} lines with '{before or after}', where a recipe has its place")
        lines.insert(places[0] + (1 if after else 0), line + "\n")
        self.write(path, "".join(lines))

    def replace(self, path, pattern, text):
        new, count = re.subn(pattern, text, self.read(path))
        if count != 1:
            raise Failed(f"{path}: {count} places like '{pattern}', where a recipe has one")
        self.write(path, new)

    def lay_down(self, folder):
        """Leaves unchanged files alone, so that only changed ones are compiled again."""
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            relative = path.relative_to(folder)
            if relative.parts[0] != "build" and relative.as_posix() not in self._files:
                path.unlink()
        for path, content in self._files.items():
            target = folder / path
            if target.is_file() and target.read_bytes() == content:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod((ROOT / path).stat().st_mode if (ROOT / path).exists() else 0o644)
