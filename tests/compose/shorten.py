"""The shipped Prometheus configuration with its clock sped up, so that a test can see alerts come and go.

Every duration of the rules (`for`, `keep_firing_for`, ranges) becomes one thirtieth, and everything is
scraped and evaluated each second. Expressions, thresholds and labels stay what is shipped.
"""

import re

SPEED_UP = 30
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = r"(\d+)([smhd])"


def _shorter(match):
    before, number, unit, after = match.groups()
    seconds = max(1, round(int(number) * _UNIT_SECONDS[unit] / SPEED_UP))
    return f"{before}{seconds}s{after}"


def shorten_rules(text):
    text = re.sub(rf"(\[){_DURATION}(\])", _shorter, text)
    return re.sub(rf"(?m)(^\s*(?:keep_firing_)?for: ){_DURATION}(\s*)$", _shorter, text)


def shorten_scrapes(text):
    return re.sub(r"(?m)^(\s*(?:scrape|evaluation)_interval: )\S+$", r"\g<1>1s", text)
