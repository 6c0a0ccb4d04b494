"""Brings a stack that trades to rest, so that its books can be compared, and lets it trade again."""

from tests.support.exposition import Scrape
from tests.support.leases import STRATEGIES
from tests.support.truth import MIN_SIZE
from tests.support.waiting import Failed, wait_until

SETTLE_SECONDS = 120


def come_to_rest(stack, wait=wait_until):
    """Trading has stopped, nothing is open or in doubt, every trade is settled. `wait` waits as wait_until does."""
    for strategy in STRATEGIES:
        wait(f"{strategy} is stopped", lambda name=strategy: _command(stack, f"/api/v1/strategies/{name}/stop"), 30)
    wait("nothing is open, in doubt or unhedged", lambda: still_open(stack), SETTLE_SECONDS)
    _flow(stack, "pause")  # the crowd at the venue sleeps; markets still end and trades settle
    wait("every trade is settled", lambda: still_open(stack, settled=True), SETTLE_SECONDS)


def trade_again(stack):
    _flow(stack, "resume")
    for strategy in STRATEGIES:
        wait_until(f"{strategy} is started", lambda name=strategy: _command(stack, f"/api/v1/strategies/{name}/start"),
                   30)


def _flow(stack, verb):
    status, text = stack.ask("venue-simulator", f"/flow/{verb}", "POST")
    if status != 200:
        raise Failed(f"flow/{verb} is answered {status} {text[:200]}")


def _command(stack, path):
    status = stack.command("POST", path)
    return None if status == 200 else f"{path} is answered {status}"


def submitted(stack):
    """Orders sent so far; None while the aggregator does not answer."""
    text = stack.metrics()
    return None if text is None else Scrape(text).value("polybot_orders_total", status="submitted")


def still_open(stack, settled=False):
    """What is open, in doubt or unhedged, as text; with `settled` also what is not settled; None for nothing."""
    text = stack.metrics()
    if text is None:
        return "the aggregator does not answer"
    scrape = Scrape(text)
    families = ["polybot_orders_live", "polybot_orders_ambiguous"]
    if settled:
        families += ["polybot_fills_provisional", "polybot_unredeemed_usd"]
    left = [f"{family} {scrape.value(family)}" for family in families if scrape.value(family) != 0]
    if (scrape.value("polybot_unhedged_exposure_usd") or 0) >= float(MIN_SIZE):
        left.append(f"unhedged {scrape.value('polybot_unhedged_exposure_usd'):g} USD")
    return ", ".join(left) or None
