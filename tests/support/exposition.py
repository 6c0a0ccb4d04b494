"""Reads a scrape: the text format of Prometheus, strictly enough that a broken one is noticed."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
RISING = ("counter", "histogram")
_SUFFIXES = ("_bucket", "_sum", "_count")


class Broken(Exception):
    """The scrape is not what Prometheus would accept."""


class Scrape:
    """One answer of /metrics: {family: type}, and {family: {(sample name, labels): value}}."""

    def __init__(self, text):
        self.types = {}
        self.families = {}
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                if name in self.types:
                    raise Broken(f"line {number}: a second TYPE of {name}")
                self.types[name] = kind
                self.families[name] = {}
            elif line and not line.startswith("#"):
                self._add(number, line)

    def _add(self, number, line):
        match = _SAMPLE.match(line)
        if match is None:
            raise Broken(f"line {number}: not a sample: {line[:80]}")
        name, labels, value = match.groups()
        family = name
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and self.types.get(name.removesuffix(suffix)) == "histogram":
                family = name.removesuffix(suffix)
        if family not in self.families:
            raise Broken(f"line {number}: {name} has no TYPE")
        key = (name, tuple(sorted(_LABEL.findall(labels or ""))))
        if key in self.families[family]:
            raise Broken(f"line {number}: {name} twice with the same labels")
        self.families[family][key] = float(value)

    def without(self, family):
        """The same scrape as if one family had never been exposed."""
        copy = Scrape("")
        copy.types = {name: kind for name, kind in self.types.items() if name != family}
        copy.families = {name: values for name, values in self.families.items() if name != family}
        return copy

    def value(self, name, **labels):
        """The sum of the samples of this name with these labels; None when there is none."""
        wanted = set(labels.items())
        found = [value for values in self.families.values() for (sample, having), value in values.items()
                 if sample == name and wanted <= set(having)]
        return sum(found) if found else None

    def rising(self):
        """How many samples may only rise: counters, and all parts of histograms."""
        return sum(len(values) for family, values in self.families.items() if self.types[family] in RISING)


def falling(before, after):
    """Counters and parts of histograms that are lower than before, or gone."""
    fallen = []
    for family, values in before.families.items():
        if before.types[family] not in RISING:
            continue
        for key, value in values.items():
            now = after.families.get(family, {}).get(key)
            # Sums of seconds are binary fractions: they agree within 1e-9.
            if now is None or now < value - 1e-9 * max(1.0, abs(value)):
                fallen.append(f"{key[0]}{dict(key[1])} {value:g} -> {now}")
    return fallen
