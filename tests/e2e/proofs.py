"""Compares the catalogue's promises for each family with recorded scrapes. Pure: recordings in, failures out.

A recording is a list of (phase, Scrape): the phase is "healthy", or the name of the fault that is on, or
"after" and the name of the fault that has just been mended. `proof` of a catalogue row says
which recordings must show what:

  moves        some series has two different values within one stretch of time without a fault
  constant     present in every scrape, and never changes while the process that sends it lives
  invariant    present in every scrape and within its bounds while everything is well
  fault:NAME   some series has, in the phase NAME, a value that it had neither in the healthy time nor just before;
               of a family that is part of another (PART_OF): it lags behind the other, and was level while healthy
"""

# Required values of the families whose proof is `invariant`: what must hold while everything is well.
INVARIANTS = {
    "polybot_venue_clock_offset_seconds": lambda value, labels: abs(value) < 0.5,
    "polybot_process_open_fds": lambda value, labels: 0 < value < 1024,
    "polybot_disk_free_bytes": lambda value, labels: value > 0,
    "polybot_disk_size_bytes": lambda value, labels: value > 0,
    # A market that has just ended is still published for a moment.
    "polybot_market_data_frames_refused_total":
        lambda value, labels: value == 0 or labels["reason"] == "untracked_token",
}


# One ready replica may be one of one or one of two: only both numbers together say it.
PART_OF = {"polybot_service_replicas_ready": "polybot_service_replicas"}


def _samples(scrapes, family):
    return [scrape.families.get(family) for scrape in scrapes]


def _moves(recording, family):
    seen, stretch = {}, None
    for phase, scrape in recording:
        if phase != stretch:
            seen, stretch = {}, phase
        if phase != "healthy" and not phase.startswith("after "):
            continue
        for key, value in scrape.families.get(family, {}).items():
            if seen.setdefault(key, value) != value:
                return None
    return "no series of it has two different values while no fault is on"


def _present(recording, family):
    healthy = _samples([scrape for phase, scrape in recording if phase == "healthy"], family)
    missing = sum(1 for values in healthy if values is None)
    return f"missing from {missing} of {len(healthy)} healthy scrapes" if missing else None


def _invariant(recording, family):
    if failure := _present(recording, family):
        return failure
    holds = INVARIANTS.get(family, lambda value, labels: value == 0)  # the others count what must not happen
    for phase, scrape in recording:
        if phase != "healthy":
            continue
        for key, value in scrape.families[family].items():
            if not holds(value, dict(key[1])):
                return f"{dict(key[1])} is {value:g} in a healthy run"
    return None


def _constant(recording, family):
    seen = {}
    for phase, scrape in recording:
        values = scrape.families.get(family)
        if phase == "healthy" and not values:
            return "absent in a healthy run"
        for key, value in (values or {}).items():
            if seen.setdefault(key, value) != value:
                return f"{dict(key[1])} changed from {seen[key]:g} to {value:g}"
    return None


def _fault(recording, family, name):
    first = next((number for number, (phase, _) in enumerate(recording) if phase == name), None)
    if first is None:
        return f"the fault {name} was not provoked"
    if family in PART_OF:
        return _lags(recording, family, PART_OF[family], name)
    resting = {}
    for number, (phase, scrape) in enumerate(recording[:first]):
        if phase == "healthy" or number == first - 1:
            for key, value in scrape.families.get(family, {}).items():
                resting.setdefault(key, set()).add(value)
    for phase, scrape in recording[first:]:
        for key, value in scrape.families.get(family, {}).items():
            if phase == name and key in resting and value not in resting[key]:
                return None
    return f"{name} left every series of it at a value it had before"


def _lags(recording, part, whole, name):
    def of(scrape, family):
        return {labels: value for (_, labels), value in scrape.families.get(family, {}).items()}

    def lagging(scrape):
        wholes = of(scrape, whole)
        return {labels for labels, value in of(scrape, part).items() if value < wholes.get(labels, value)}
    level = {labels for phase, scrape in recording if phase == "healthy"
             for labels in of(scrape, part).keys() - lagging(scrape)}
    if any(level & lagging(scrape) for phase, scrape in recording if phase == name):
        return None
    return f"{name} made no series of it lag behind {whole}"


def check(row, recording):
    """None when the recording shows what the catalogue row promises, else what is wrong."""
    family = row["name"]
    if not any(family in scrape.families for _, scrape in recording):
        return "never exposed"
    failures = []
    for proof in row["proof"].replace(" ", "").split(","):
        if proof == "moves":
            failure = _moves(recording, family)
        elif proof == "constant":
            failure = _constant(recording, family)
        elif proof == "invariant":
            failure = _invariant(recording, family)
        elif proof.startswith("fault:"):
            failure = _fault(recording, family, proof.removeprefix("fault:"))
        else:
            failure = f"unknown kind of proof {proof}"
        if failure:
            failures.append(failure)
    return "; ".join(failures) or None
