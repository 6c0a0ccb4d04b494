"""Drives the venue's official Python client, from where it is installed (PYTHONPATH):

  python3 python_client.py calls URL           every public method against the venue at that address
  python3 python_client.py orders COUNT SEED   random orders, made and sent to nowhere

Each line of the output is one JSON object: a call with its outcome, or an order with its terms and what was sent.
"""

import datetime
import inspect
import json
import logging
import random
import sys
import time
from decimal import Decimal

import httpx
from eth_utils import keccak, to_checksum_address
from py_clob_client_v2 import (ApiCreds, AssetType, BalanceAllowanceParams, BookParams, BuilderTradeParams, ClobClient,
                               DropNotificationParams, MarketOrderArgs, OpenOrderParams, OrderArgs,
                               OrderMarketCancelParams, OrderPayload, OrderScoringParams, OrdersScoringParams,
                               OrderType, PartialCreateOrderOptions, PostOrdersV2Args, PriceHistoryInterval,
                               PricesHistoryParams, TradeParams)
from py_clob_client_v2 import rfq
from py_clob_client_v2.config import get_contract_config
from py_clob_client_v2.exceptions import PolyApiException
from py_clob_client_v2.http_helpers import helpers
from py_clob_client_v2.order_utils import ExchangeOrderBuilderV2

CHAIN = 137
KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"  # Hardhat's third account
BUILDER = "0x" + "b2" * 32
NOBODY = "0x" + "00" * 31 + "77"


def say(**line):
    print(json.dumps(line), flush=True)


# ---- calls ----------------------------------------------------------------------------------------------------------

class Mismatch(Exception):
    pass


def check(held, what):
    if not held:
        raise Mismatch(what)


def same(a, b, what):
    check(a == b, f"{what}: {a!r}, not {b!r}")


def near(a, b, what):
    check(abs(float(a) - b) < 1e-9, f"{what}: {a}, not {b}")


def public_methods(of):
    return {name for name, _ in inspect.getmembers(of, inspect.isfunction) if not name.startswith("_")}


class Watched:
    """A client that notes which of its methods are called from outside."""

    def __init__(self, client, driven):
        self._client, self._driven = client, driven

    def __getattr__(self, name):
        self._driven.add(name)
        return getattr(self._client, name)


class Run:
    def __init__(self, url):
        self.url = url
        self.driven = set()

    def client(self, **more):
        return Watched(ClobClient(self.url, CHAIN, **more), self.driven)

    def step(self, call, body):
        try:
            detail = body()
            say(call=call, outcome="ok", detail=detail if isinstance(detail, str) else "")
        except PolyApiException as error:
            say(call=call, outcome="FAILED", detail=str(error))
        except Exception as error:  # whatever it is, the other calls are to be seen, too
            say(call=call, outcome="FAILED", detail=f"{type(error).__name__}: {error}")

    def refused(self, call, status, words, body):
        def refusal():
            try:
                answer = body()
            except PolyApiException as error:
                same(error.status_code, status, "status")
                check(words in str(error.error_msg), f"it says: {error.error_msg}")
                return f"{status} {words}"
            raise Mismatch(f"it was not: {answer!r}")
        self.step(f"{call} is refused", refusal)


def best_of(book):
    return float(book["bids"][-1]["price"]), float(book["asks"][-1]["price"])


def pick_markets(client):
    """Markets that live on, trade, and are plain or neg-risk."""
    page = client.get_sampling_markets()["data"]
    page.sort(key=lambda one: one["end_date_iso"] or "", reverse=True)

    def usable(one):
        book = client.get_order_book(one["tokens"][0]["token_id"])
        if not book["bids"] or not book["asks"]:
            return False
        bid, ask = best_of(book)
        return bid >= 0.15 and ask <= 0.85

    def pick(fits):
        return next(one for one in page if one["accepting_orders"] and fits(one) and usable(one))
    return (pick(lambda one: not one["neg_risk"] and not one["taker_base_fee"] and one["minimum_tick_size"] == 0.01),
            pick(lambda one: one["neg_risk"] and not one["taker_base_fee"]))


def public_calls(run, anybody, market):
    cid = market["condition_id"]
    yes, no = (one["token_id"] for one in market["tokens"])
    both = [BookParams(token_id=yes, side="BUY"), BookParams(token_id=no, side="SELL")]
    book = anybody.get_order_book(yes)
    bid, ask = best_of(book)
    fresh = run.client()  # without what a call before has cached

    def clock():
        check(abs(anybody.get_server_time() - time.time()) < 5, "the clock is off")

    def listed(name):
        page = getattr(anybody, name)()
        same(len(page["data"]), page["count"], "count")
        check(any(one["condition_id"] == cid for one in page["data"]), "the market is missing")
        return f"{page['count']} markets"

    def market_price():
        same(anybody.calculate_market_price(yes, "BUY", 1), ask, "price to buy at")
        same(anybody.calculate_market_price(yes, "SELL", 1, OrderType.FAK), bid, "price to sell at")

    def rewards():
        rows = anybody.get_current_rewards()
        check(any(one["condition_id"] == cid for one in rows), "the market is missing")
        return f"{len(rows)} markets"

    def midpoints():
        numbers = anybody.get_midpoints(both)
        near(float(numbers[yes]) + float(numbers[no]), 1, "both outcomes together")

    run.step("get_ok", lambda: same(anybody.get_ok(), "OK", "answer"))
    run.step("get_version", lambda: same(anybody.get_version(), 2, "version"))
    run.step("get_server_time", clock)
    for name in ("get_markets", "get_simplified_markets", "get_sampling_markets", "get_sampling_simplified_markets"):
        run.step(name, lambda name=name: listed(name))
    run.step("get_market", lambda: same(anybody.get_market(cid)["market_slug"], market["market_slug"], "slug"))
    run.step("get_clob_market_info", lambda: same(anybody.get_clob_market_info(cid)["t"][1]["t"], no, "second token"))
    run.step("get_tick_size", lambda: same(float(fresh.get_tick_size(yes)), market["minimum_tick_size"], "tick"))
    run.step("get_neg_risk", lambda: same(fresh.get_neg_risk(yes), market["neg_risk"], "neg-risk"))
    run.step("get_fee_rate_bps", lambda: same(fresh.get_fee_rate_bps(yes), market["taker_base_fee"], "fee"))
    run.step("get_fee_exponent", lambda: check(fresh.get_fee_exponent(no) >= 0, "no number"))
    run.step("get_order_book", lambda: same(book["asset_id"], yes, "token"))
    run.step("get_order_books", lambda: same(len(anybody.get_order_books(both)), 2, "books"))
    run.step("get_order_book_hash", lambda: same(anybody.get_order_book_hash(book), book["hash"], "hash"))
    run.step("get_midpoint", lambda: near(anybody.get_midpoint(yes)["mid"], (bid + ask) / 2, "midpoint"))
    run.step("get_midpoints", midpoints)
    run.step("get_price", lambda: near(anybody.get_price(yes, "BUY")["price"], bid, "best bid"))
    run.step("get_prices", lambda: near(anybody.get_prices(both)[no]["SELL"], 1 - bid, "best ask of NO"))
    run.step("get_spread", lambda: near(anybody.get_spread(yes)["spread"], ask - bid, "spread"))
    run.step("get_spreads", lambda: same(len(anybody.get_spreads(both)), 2, "spreads"))
    run.step("calculate_market_price", market_price)
    run.step("get_current_rewards", rewards)
    run.step("get_raw_rewards_for_market",
             lambda: same(anybody.get_raw_rewards_for_market(cid)[0]["condition_id"], cid, "market"))
    run.refused("get_order_book of an unknown token", 404, "No orderbook exists",
                lambda: anybody.get_order_book("12345"))
    run.refused("get_market of an unknown market", 404, "market not found", lambda: anybody.get_market(NOBODY))
    run.refused("get_spreads of 501 tokens", 400, "Payload exceeds the limit",
                lambda: anybody.get_spreads([BookParams(token_id=yes)] * 501))


def key_calls(run):
    starter = run.client(key=KEY)
    made = {}

    def create():
        made["first"] = starter.create_api_key()
        check(made["first"].api_secret, "no secret")

    def list_keys():
        made["second"] = starter.create_api_key(nonce=7)
        same(owner.get_api_keys()["apiKeys"], [made["first"].api_key, made["second"].api_key], "keys")

    def delete():
        same(run.client(key=KEY, creds=made["second"]).delete_api_key(), "OK", "answer")
        same(owner.get_api_keys()["apiKeys"], [made["first"].api_key], "keys")
        same(starter.create_api_key(nonce=7), made["second"], "the key made again")

    def delete_read_only():
        same(owner.delete_readonly_api_key(owner.get_readonly_api_keys()[0]), True, "answer")
        same(owner.get_readonly_api_keys(), [], "keys")

    def revoke():
        same(owner.revoke_builder_api_key(), "OK", "answer")
        check(owner.get_builder_api_keys()[0]["revokedAt"], "it is not revoked")

    run.step("create_api_key", create)
    run.refused("create_api_key again", 400, "Could not create api key", starter.create_api_key)
    run.step("derive_api_key", lambda: same(starter.derive_api_key(), made["first"], "key"))
    run.step("create_or_derive_api_key", lambda: same(starter.create_or_derive_api_key(), made["first"], "key"))
    run.refused("derive_api_key of another nonce", 400, "Could not derive api key", lambda: starter.derive_api_key(7))
    owner = run.client(key=KEY)
    run.step("set_api_creds", lambda: owner.set_api_creds(made["first"]))
    run.step("assert_level_1_auth", owner.assert_level_1_auth)
    run.step("assert_level_2_auth", owner.assert_level_2_auth)
    run.step("get_address", lambda: check(owner.get_address().startswith("0x"), "no address"))
    run.step("get_api_keys", list_keys)
    run.step("delete_api_key", delete)
    first = made["first"]
    for part, creds in (("key", ApiCreds(NOBODY, first.api_secret, first.api_passphrase)),
                        ("secret", ApiCreds(first.api_key, "AAAA", first.api_passphrase)),
                        ("passphrase", ApiCreds(first.api_key, first.api_secret, "wrong"))):
        run.refused(f"a request with a wrong {part}", 401, "Unauthorized/Invalid api key",
                    run.client(key=KEY, creds=creds).get_open_orders)
    run.step("get_closed_only_mode", lambda: same(owner.get_closed_only_mode(), {"closed_only": False}, "mode"))
    run.step("create_readonly_api_key", lambda: check(owner.create_readonly_api_key()["apiKey"], "no key"))
    run.step("get_readonly_api_keys", lambda: same(len(owner.get_readonly_api_keys()), 1, "keys"))
    run.step("delete_readonly_api_key", delete_read_only)
    run.step("create_builder_api_key", lambda: check(owner.create_builder_api_key()["secret"], "no secret"))
    run.step("get_builder_api_keys", lambda: same(len(owner.get_builder_api_keys()), 1, "keys"))
    run.step("revoke_builder_api_key", revoke)
    return owner


def order_calls(run, owner, market, neg_risk):
    cid, token = market["condition_id"], market["tokens"][0]["token_id"]
    bid, ask = best_of(owner.get_order_book(token))
    low = round(bid - 0.02, 2)
    made = {}

    def args(price=bid, **more):  # near the middle, so that it scores
        return OrderArgs(token_id=token, price=price, size=25, side="BUY", **more)

    def create():
        made["order"] = owner.create_order(args())
        same(made["order"].takerAmount, "25000000", "shares")

    def post():
        answer = owner.post_order(made["order"], OrderType.GTC)
        same(answer["status"], "live", "status")
        made["id"] = answer["orderID"]
        return made["id"]

    def open_orders():
        for wanted in ({"id": made["id"]}, {"market": cid}, {"asset_id": token}):
            same(len(owner.get_open_orders(OpenOrderParams(**wanted))), 1, "orders")
        same(len(owner.get_open_orders()), 1, "orders")
        same(owner.get_open_orders(OpenOrderParams(market=neg_risk["condition_id"])), [], "orders elsewhere")

    def scoring():
        same(owner.is_order_scoring(OrderScoringParams(made["id"])), {"scoring": False}, "a young order")
        time.sleep(4.5)
        same(owner.is_order_scoring(OrderScoringParams(made["id"])), {"scoring": True}, "an old order")

    def cancel():
        same(owner.cancel_order(OrderPayload(made["id"]))["canceled"], [made["id"]], "canceled")
        check(made["id"] in owner.cancel_order(OrderPayload(made["id"]))["not_canceled"], "it was canceled twice")

    def post_until():
        until = int(time.time()) + 600
        answer = owner.create_and_post_order(args(expiration=until, builder_code=BUILDER), order_type=OrderType.GTD,
                                             post_only=True)
        same(answer["status"], "live", "status")

    def post_batch():
        prices = (low, round(low - 0.01, 2), round(low - 0.02, 2))
        answers = owner.post_orders([PostOrdersV2Args(owner.create_order(args(price))) for price in prices])
        same([one["status"] for one in answers], ["live"] * 3, "statuses")
        made["ids"] = [one["orderID"] for one in answers]

    def post_neg_risk():
        other = neg_risk["tokens"][0]["token_id"]
        price = round(best_of(owner.get_order_book(other))[0] - 2 * neg_risk["minimum_tick_size"], 4)
        answer = owner.create_and_post_order(OrderArgs(token_id=other, price=price, size=10, side="BUY"))
        same(answer["status"], "live", "status")
        owner.cancel_all()

    run.step("create_order", create)
    run.step("post_order", post)
    run.refused("post_order of a copy", 400, "Duplicated", lambda: owner.post_order(made["order"]))
    run.step("get_order", lambda: same(owner.get_order(made["id"])["original_size"], "25", "size"))
    run.step("get_open_orders", open_orders)
    run.step("is_order_scoring", scoring)
    run.step("are_orders_scoring",
             lambda: same(owner.are_orders_scoring(OrdersScoringParams([made["id"]])), {made["id"]: True}, "answer"))
    run.step("cancel_order", cancel)
    run.step("create_and_post_order", post_until)
    run.step("cancel_market_orders", lambda: same(
        len(owner.cancel_market_orders(OrderMarketCancelParams(market=cid, asset_id=token))["canceled"]), 1, "them"))
    run.step("post_orders", post_batch)
    run.step("cancel_orders", lambda: same(len(owner.cancel_orders(made["ids"][:2])["canceled"]), 2, "canceled"))
    run.step("cancel_all", lambda: same(owner.cancel_all()["canceled"], made["ids"][2:], "canceled"))
    run.step("create_and_post_order of a neg-risk market", post_neg_risk)
    run.refused("a post-only order that crosses", 400, "invalid post-only order",
                lambda: owner.create_and_post_order(args(ask), post_only=True))
    run.refused("an order of the first protocol", 400, "invalid order version, please use the latest clob-client",
                lambda: owner.create_and_post_order(args(), PartialCreateOrderOptions(version=1)))
    run.refused("an order for another exchange", 400, "invalid signature",
                lambda: owner.create_and_post_order(args(), PartialCreateOrderOptions(version=3)))


def trade_calls(run, owner, market):
    cid, token = market["condition_id"], market["tokens"][0]["token_id"]
    made = {}

    def create():
        order = owner.create_market_order(MarketOrderArgs(token_id=token, amount=5, side="BUY"))
        same(order.makerAmount, "5000000", "cash")

    def buy():
        wanted = MarketOrderArgs(token_id=token, amount=20, side="BUY", builder_code=BUILDER, user_usdc_balance=1000)
        made["answer"] = answer = owner.create_and_post_market_order(wanted)
        same(answer["status"], "matched", "status")
        check(answer["transactionsHashes"], "no trade was settled")
        return f"{answer['makingAmount']} for {answer['takingAmount']} shares"

    def sell():
        answer = owner.create_and_post_market_order(MarketOrderArgs(token_id=token, amount=5, side="SELL"),
                                                    order_type=OrderType.FAK)
        same(answer["status"], "matched", "status")

    def trades():
        found = owner.get_trades(TradeParams(market=cid))
        one = owner.get_trades(TradeParams(id=made["answer"]["tradeIDs"][0]))
        same([trade["trader_side"] for trade in one], ["TAKER"], "side")
        same(owner.get_trades(TradeParams(maker_address=NOBODY[:42])), [], "trades of nobody")
        return f"{len(found)} trades"

    def builder_trades():
        page = owner.get_builder_trades(BuilderTradeParams(builder_code=BUILDER))
        check(page["count"] > 0 and all(one["builder"] == BUILDER for one in page["trades"]), "wrong trades")
        same(owner.get_builder_trades(BuilderTradeParams(builder_code=NOBODY))["count"], 0, "trades of nobody")

    def history():
        points = owner.get_prices_history(PricesHistoryParams(market=token, interval=PriceHistoryInterval.ONE_HOUR))
        near(owner.get_last_trade_price(token)["price"], points["history"][-1]["p"], "last price")
        none = owner.get_prices_history(PricesHistoryParams(market=token, start_ts=1, end_ts=2, fidelity=10))
        same(none["history"], [], "points of long ago")
        return f"{len(points['history'])} points"

    def events():
        found = owner.get_market_trades_events(cid)
        same((found[0]["side"], found[0]["market"]["condition_id"]), ("SELL", cid), "the latest")
        return f"{len(found)} events"

    def balances():
        cash = owner.get_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.COLLATERAL))
        shares = BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=token)
        # The venue answers from a copy, which is empty until it is asked to read the chain.
        same(owner.get_balance_allowance(shares)["balance"], "0", "balance that was never read")
        owner.update_balance_allowance(shares)
        held = owner.get_balance_allowance(shares)
        check(int(cash["balance"]) < 10_000 * 10**6 and int(held["balance"]) > 0, f"{cash} {held}")

    run.step("create_market_order", create)
    run.step("create_and_post_market_order", buy)
    run.step("create_and_post_market_order to sell", sell)
    run.step("get_trades", trades)
    run.step("get_trades_paginated", lambda: check(owner.get_trades_paginated(TradeParams(asset_id=token))["count"] > 0,
                                                   "no trade"))
    run.step("get_builder_trades", builder_trades)
    run.step("get_last_trade_price", lambda: same(owner.get_last_trade_price(token)["side"], "SELL", "side"))
    run.step("get_last_trades_prices", lambda: same(
        owner.get_last_trades_prices([BookParams(token_id=token)])[0]["side"], "SELL", "side"))
    run.step("get_prices_history", history)
    run.step("get_market_trades_events", events)
    run.step("get_balance_allowance", balances)
    run.step("update_balance_allowance", lambda: check(
        owner.update_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.COLLATERAL)) is not None, "nothing"))


def rest_calls(run, owner):
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()

    def notifications():
        found = owner.get_notifications()
        check({1, 2} <= {one["type"] for one in found}, "a kind is missing")
        return f"{len(found)} notifications"

    def drop():
        owner.drop_notifications(DropNotificationParams(ids=[str(one["id"]) for one in owner.get_notifications()]))
        same(owner.get_notifications(), [], "left")

    def earnings_by_market():
        rows = owner.get_user_earnings_and_markets_config(today, "earnings", "DESC")
        check(rows and all(one["earnings"] == [] for one in rows), "somebody earned")
        return f"{len(rows)} markets"

    def heartbeats():
        first = owner.post_heartbeat()["heartbeat_id"]
        check(owner.post_heartbeat(first)["heartbeat_id"] != first, "the id stays")

    run.step("get_notifications", notifications)
    run.step("drop_notifications", drop)
    run.step("get_pre_migration_orders", lambda: same(owner.get_pre_migration_orders(), [], "orders"))
    run.step("get_earnings_for_user_for_day", lambda: same(owner.get_earnings_for_user_for_day(today), [], "earnings"))
    run.step("get_total_earnings_for_user_for_day",
             lambda: same(owner.get_total_earnings_for_user_for_day(today), [], "earnings"))
    run.step("get_user_earnings_and_markets_config", earnings_by_market)
    run.step("get_reward_percentages", lambda: same(owner.get_reward_percentages(), {}, "percentages"))
    run.refused("earnings of no day", 400, "Invalid date", lambda: owner.get_earnings_for_user_for_day("today"))
    run.step("post_heartbeat", heartbeats)


def quote_calls(run, owner, market):
    """Requests for quotes have left the CLOB: the venue's own document has none of their routes."""
    token = market["tokens"][0]["token_id"]
    terms = {"token_id": token, "price": 0.5, "side": "BUY", "size": 10}
    ids = {"request_id": "1", "quote_id": "2"}
    quotes = Watched(owner.rfq, driven := set())
    for name, given in (("rfq_config", ()), ("create_rfq_request", (rfq.RfqUserRequest(**terms),)),
                        ("cancel_rfq_request", (rfq.CancelRfqRequestParams("1"),)), ("get_rfq_requests", ()),
                        ("create_rfq_quote", (rfq.RfqUserQuote(request_id="1", **terms),)),
                        ("cancel_rfq_quote", (rfq.CancelRfqQuoteParams("2"),)),
                        ("get_rfq_requester_quotes", ()), ("get_rfq_quoter_quotes", ()),
                        ("get_rfq_best_quote", (rfq.GetRfqBestQuoteParams("1"),)),
                        ("accept_rfq_quote", (rfq.AcceptQuoteParams(expiration=0, **ids),)),
                        ("approve_rfq_order", (rfq.ApproveOrderParams(expiration=0, **ids),))):
        run.refused(f"rfq.{name}", 404, "", lambda name=name, given=given: getattr(quotes, name)(*given))
    for name in sorted(public_methods(rfq.RfqClient) - driven):
        say(call=f"rfq.{name}", outcome="FAILED", detail="nothing drives it")


def calls(url):
    logging.disable(logging.CRITICAL)  # the client logs each refusal
    run = Run(url)
    anybody = run.client()
    plain, neg_risk = pick_markets(anybody)
    public_calls(run, anybody, plain)
    owner = key_calls(run)
    order_calls(run, owner, plain, neg_risk)
    trade_calls(run, owner, plain)
    rest_calls(run, owner)
    quote_calls(run, owner, plain)
    for name in sorted(public_methods(ClobClient) - run.driven):
        say(call=name, outcome="FAILED", detail="nothing drives it")


# ---- orders ---------------------------------------------------------------------------------------------------------

def orders(count, seed):
    chance = random.Random(seed)

    def word():
        return "0x" + keccak(text=f"{seed}:{chance.random()}").hex()

    creds = ApiCreds("019894b9-cb40-79c4-b2bd-6aecb6f8c6c5", "A" * 40 + "-_8=", "word")
    contracts = get_contract_config(CHAIN)
    sent = []

    def take(request):
        sent.append(request)
        return httpx.Response(200, json={"success": True, "errorMsg": "", "orderID": "", "status": "live"})

    helpers._http_client = httpx.Client(transport=httpx.MockTransport(take))
    for _ in range(count):
        key = word()
        signature_type = chance.randrange(4)
        funder = None if signature_type == 0 else to_checksum_address(word()[:42])
        client = ClobClient("http://nowhere", CHAIN, key, creds, signature_type, funder)
        tick = chance.choice(("0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"))
        price = Decimal(tick) * (1 + chance.randrange(round(1 / float(tick)) - 2))
        size = Decimal(100 + chance.randrange(1_000_000)) / 100
        exchange = chance.choice(("v2", "v2_neg_risk", "v3"))
        version = 3 if exchange == "v3" else 2
        is_market = chance.random() < 0.4
        order_type = chance.choice(("FOK", "FAK") if is_market else ("GTC", "GTD"))
        post_only = not is_market and chance.random() < 0.3
        token = str(int(word(), 16))
        client._ClobClient__tick_sizes[token] = tick
        client._ClobClient__fee_infos[token] = None
        terms = {"token_id": token, "side": chance.choice(("BUY", "SELL")), "price": float(price)}
        terms |= {name: word() for name in ("builder_code", "metadata") if chance.random() < 0.5}
        if order_type == "GTD":
            terms["expiration"] = 1_800_000_000 + chance.randrange(1_000_000)
        options = PartialCreateOrderOptions(tick_size=tick, neg_risk=exchange == "v2_neg_risk", version=version)
        if is_market:
            wanted = MarketOrderArgs(amount=float(size), order_type=order_type, **terms)
            order = client.create_market_order(wanted, options)
            amounts = {"makerAmount": order.makerAmount, "takerAmount": order.takerAmount}
        else:
            order = client.create_order(OrderArgs(size=float(size), **terms), options)
            # It rounds shares down in binary, and may lose the last hundredth: what it came to is what is compared.
            shares = Decimal(order.takerAmount if terms["side"] == "BUY" else order.makerAmount) / 10**6
            amounts = {"price": str(price), "size": str(shares), "tick": tick}
        client.post_order(order, order_type, post_only)
        request = sent[-1]
        contract = (contracts.exchange_v3 if version == 3 else
                    contracts.neg_risk_exchange_v2 if exchange == "v2_neg_risk" else contracts.exchange_v2)
        builder = ExchangeOrderBuilderV2(contract, CHAIN, client.signer, domain_version=str(version))
        say(terms={"key": key, "apiKey": creds.api_key, "secret": creds.api_secret, "passphrase": creds.api_passphrase,
                   "hmacTimestamp": request.headers["POLY_TIMESTAMP"], "exchange": exchange, "salt": order.salt,
                   "maker": order.maker, "signer": order.signer, "tokenId": order.tokenId, "side": terms["side"],
                   "signatureType": str(int(order.signatureType)), "timestamp": order.timestamp,
                   "expiration": order.expiration, "metadata": order.metadata, "builder": order.builder,
                   "orderType": order_type, "postOnly": str(post_only).lower(), "body": request.content.decode(),
                   **amounts},
            digest=builder.build_order_hash(builder.build_order_typed_data(order)), signature=order.signature,
            hmac=request.headers["POLY_SIGNATURE"], shaved=not is_market and shares != size)


if __name__ == "__main__":
    if sys.argv[1] == "calls":
        calls(sys.argv[2])
    else:
        orders(int(sys.argv[2]), int(sys.argv[3]))
