"""A stretch of time in which no alert may fire but Watchdog, which must."""

import time

from tests.support.waiting import say

STEP_SECONDS = 5


def fired(ask, begun):
    """{alert: seconds} of everything that fired since. `ask` is a question to Prometheus: ask(what, **query)."""
    found = ask("query_range", query='ALERTS{alertstate="firing"}', start=begun, end=time.time(), step=STEP_SECONDS)
    seconds = {}
    for series in found["result"]:
        name = series["metric"]["alertname"]
        seconds[name] = seconds.get(name, 0) + STEP_SECONDS * len(series["values"])
    return seconds


def wrong(seconds):
    """What `fired` told, judged: texts, one per alert."""
    found = [f"{name} fired for {time_s} s" for name, time_s in sorted(seconds.items()) if name != "Watchdog"]
    if "Watchdog" not in seconds:
        found.append("Watchdog did not fire: the rules were not evaluated")
    return found


def keep(ask, minutes, plan):
    """Lets so many minutes pass, with each action of `plan`, {share of the time: (text, action)}, at its time;
    returns what is wrong."""
    begun = time.time()
    waiting = sorted(plan.items())
    told = 0
    while (passed := (time.time() - begun) / (60 * minutes)) < 1:
        while waiting and passed >= waiting[0][0]:
            _, (text, action) = waiting.pop(0)
            say(text)
            action()
        if int(passed * 10) > told:
            told = int(passed * 10)
            say(f"firing so far: {', '.join(sorted(fired(ask, begun))) or 'nothing'}")
        time.sleep(1)
    return wrong(fired(ask, begun)) + [f"there was no time for: {text}" for _, (text, _) in waiting]
