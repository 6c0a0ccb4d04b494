"""Reads what Prometheus scrapes: the text format, as far as the comparison of counters needs it."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")
_SUFFIXES = ("_bucket", "_sum", "_count")


def counters(text):
    """{series: value} of everything that may only rise: counters, and all parts of histograms."""
    types = {}
    values = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            types[name] = kind
            continue
        match = _SAMPLE.match(line)
        if match is None:
            continue
        name, labels, value = match.groups()
        family = name
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and types.get(name.removesuffix(suffix)) == "histogram":
                family = name.removesuffix(suffix)
        if types.get(family) in ("counter", "histogram"):
            values[name + (labels or "")] = float(value)
    return values


def fallen(before, after):
    """Series that are lower than before, or gone, as texts."""
    # Sums of seconds are sums of binary fractions: they agree within 1e-9.
    return [f"{series} {value:g} -> {after[series]:g}" if series in after else f"{series} {value:g} -> gone"
            for series, value in sorted(before.items())
            if series not in after or after[series] < value * (1 - 1e-9)]
