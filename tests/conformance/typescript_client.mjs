// Drives the venue's official TypeScript client, from the folder that it is installed in:
//   node typescript_client.mjs calls URL            every public method against the venue at that address
//   node typescript_client.mjs orders COUNT SEED    random orders, made and sent to nowhere
// Each line of the output is one JSON object: a call with its outcome, or an order with its terms and what was sent.
import { readFileSync } from "node:fs";
import axios from "axios";
import { createWalletClient, getAddress, http, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { AssetType, ClobClient, OrderType, PriceHistoryInterval, Side, getContractConfig }
  from "@polymarket/clob-client-v2";
import { ExchangeOrderBuilderV2, ExchangeOrderBuilderV3 }
  from "./node_modules/@polymarket/clob-client-v2/dist/order-utils/exchangeOrderBuilderV2.js";

const CHAIN = 137;
const KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";  // Hardhat's second account
const BUILDER = "0x" + "b1".repeat(32);
const NOBODY = "0x" + "00".repeat(31) + "77";

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const signerOf = (key) => createWalletClient({ account: privateKeyToAccount(key), transport: http("http://nowhere") });

// ---- calls ----------------------------------------------------------------------------------------------------------

class Mismatch extends Error {}
const check = (held, what) => {
  if (!held) throw new Mismatch(what);
};
const same = (a, b, what) => check(String(a) === String(b), `${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);

// Methods that a program can call; the declarations name the private ones.
const publicMethods = () => {
  const text = readFileSync("node_modules/@polymarket/clob-client-v2/dist/client.d.ts", "utf8");
  const found = [...text.matchAll(/^ {2}(?!private|protected|constructor)(?:readonly )?(\w+)(?:<[^(\n]*>)?\(/gm)];
  return new Set(found.map((one) => one[1]));
};

class Run {
  constructor(url) {
    this.url = url;
    this.driven = new Set();
  }
  client(more = {}) {
    return this.watched(new ClobClient({ host: this.url, chain: CHAIN, throwOnError: true, ...more }));
  }
  // Notes which methods are called from outside the client.
  watched(client) {
    const driven = this.driven;
    return new Proxy(client, {
      get: (target, name) => {
        const value = target[name];
        if (typeof value !== "function") return value;
        driven.add(name);
        return value.bind(target);
      },
    });
  }
  async step(call, body) {
    try {
      say({ call, outcome: "ok", detail: (await body()) ?? "" });
    } catch (error) {
      say({ call, outcome: "FAILED", detail: String(error?.message ?? error) });
    }
  }
  async refused(call, status, words, body) {
    await this.step(`${call} is refused`, async () => {
      let answer;
      try {
        answer = await body();
      } catch (error) {
        if (error.status === undefined) throw error;
        same(error.status, status, "status");
        check(error.message.includes(words), `it says: ${error.message}`);
        return `${error.status} ${error.message}`;
      }
      throw new Mismatch(`it was not: ${JSON.stringify(answer)}`);
    });
  }
}

const bestOf = (book) => ({ bid: Number(book.bids.at(-1).price), ask: Number(book.asks.at(-1).price) });

// Markets that live on, trade, and are plain or neg-risk.
const pickMarkets = async (client) => {
  const { data } = await client.getSamplingMarkets();
  const far = data.filter((one) => one.accepting_orders)
    .sort((a, b) => (b.end_date_iso ?? "").localeCompare(a.end_date_iso ?? ""));
  const usable = async (one) => {
    const book = await client.getOrderBook(one.tokens[0].token_id);
    if (book.bids.length === 0 || book.asks.length === 0) return false;
    const { bid, ask } = bestOf(book);
    return bid >= 0.15 && ask <= 0.85;
  };
  const pick = async (fits) => {
    for (const one of far) if (fits(one) && await usable(one)) return one;
    throw new Mismatch("no such market");
  };
  return {
    plain: await pick((one) => !one.neg_risk && one.taker_base_fee === 0 && one.minimum_tick_size === 0.01),
    negRisk: await pick((one) => one.neg_risk && one.taker_base_fee === 0),
  };
};

const publicCalls = async (run, anybody, market) => {
  const cid = market.condition_id;
  const [yes, no] = market.tokens.map((one) => one.token_id);
  const both = [{ token_id: yes, side: Side.BUY }, { token_id: no, side: Side.SELL }];
  const book = await anybody.getOrderBook(yes);
  const { bid, ask } = bestOf(book);
  await run.step("getOk", async () => same(await anybody.getOk(), "OK", "answer"));
  await run.step("getVersion", async () => same(await anybody.getVersion(), 2, "version"));
  await run.step("getServerTime", async () => {
    const off = await anybody.getServerTime() - Date.now() / 1000;
    check(Math.abs(off) < 5, `the clock is ${off} s off`);
  });
  for (const name of ["getMarkets", "getSimplifiedMarkets", "getSamplingMarkets", "getSamplingSimplifiedMarkets"]) {
    await run.step(name, async () => {
      const page = await anybody[name]();
      same(page.data.length, page.count, "count");
      check(page.data.some((one) => one.condition_id === cid), "the market is missing");
      check(page.data.every((one) => one.tokens.length === 2), "a market has not two tokens");
      return `${page.count} markets`;
    });
  }
  await run.step("getMarket", async () => same((await anybody.getMarket(cid)).market_slug, market.market_slug, "slug"));
  await run.step("getClobMarketInfo", async () => {
    const info = await anybody.getClobMarketInfo(cid);
    same(info.t[1].t, no, "second token");
    return `tick ${info.mts}`;
  });
  const fresh = run.client();  // without what the last call has cached
  await run.step("getTickSize", async () => same(await fresh.getTickSize(yes), market.minimum_tick_size, "tick"));
  await run.step("getNegRisk", async () => same(await fresh.getNegRisk(yes), market.neg_risk, "neg-risk"));
  await run.step("getFeeRateBps", async () => same(await fresh.getFeeRateBps(yes), market.taker_base_fee, "fee"));
  await run.step("getFeeExponent", async () => check(Number.isFinite(await fresh.getFeeExponent(no)), "no number"));
  await run.step("getOrderBook", async () => same(book.asset_id, yes, "token"));
  await run.step("getOrderBooks", async () => same((await anybody.getOrderBooks(both)).length, 2, "books"));
  await run.step("getOrderBookHash", async () => {
    const claimed = book.hash;
    same(await anybody.getOrderBookHash(book), claimed, "hash");
    return claimed;
  });
  await run.step("getMidpoint", async () => {
    const { mid } = await anybody.getMidpoint(yes);
    check(Math.abs(Number(mid) - (bid + ask) / 2) < 1e-9, `${mid} is not between ${bid} and ${ask}`);
    return mid;
  });
  await run.step("getMidpoints", async () => {
    const all = await anybody.getMidpoints(both);
    check(Math.abs(Number(all[yes]) + Number(all[no]) - 1) < 1e-9, "the two outcomes do not mirror each other");
  });
  await run.step("getPrice", async () => same(Number((await anybody.getPrice(yes, Side.BUY)).price), bid, "best bid"));
  await run.step("getPrices", async () =>
    check(Math.abs(Number((await anybody.getPrices(both))[no].SELL) - (1 - bid)) < 1e-9, "wrong ask of NO"));
  await run.step("getSpread", async () =>
    check(Math.abs(Number((await anybody.getSpread(yes)).spread) - (ask - bid)) < 1e-9, "wrong spread"));
  await run.step("getSpreads", async () => same(Object.keys(await anybody.getSpreads(both)).length, 2, "spreads"));
  await run.step("calculateMarketPrice", async () => {
    same(await anybody.calculateMarketPrice(yes, Side.BUY, 1, OrderType.FOK), ask, "price to buy at");
    same(await anybody.calculateMarketPrice(yes, Side.SELL, 1, OrderType.FAK), bid, "price to sell at");
  });
  await run.step("getCurrentRewards", async () => {
    const all = await anybody.getCurrentRewards();
    const ours = all.find((one) => one.condition_id === cid);
    check(ours?.rewards_config.length === 1, "the market is missing");
    return `${all.length} markets, at ${ours.rewards_config[0].rate_per_day} a day`;
  });
  await run.step("getRawRewardsForMarket", async () =>
    same((await anybody.getRawRewardsForMarket(cid))[0].condition_id, cid, "market"));
  await run.refused("getOrderBook of an unknown token", 404, "No orderbook exists", () => anybody.getOrderBook("12345"));
  await run.refused("getMarket of an unknown market", 404, "market not found", () => anybody.getMarket(NOBODY));
  await run.refused("getMidpoints of 501 tokens", 400, "Payload exceeds the limit",
    () => anybody.getMidpoints(Array(501).fill({ token_id: yes })));
};

const keyCalls = async (run, signer) => {
  const starter = run.client({ signer });
  let creds;
  await run.step("createApiKey", async () => {
    creds = await starter.createApiKey();
    check(creds.key && creds.secret && creds.passphrase, "a part is missing");
    return creds.key;
  });
  await run.refused("createApiKey again", 400, "Could not create api key", () => starter.createApiKey());
  await run.step("deriveApiKey", async () => same((await starter.deriveApiKey()).secret, creds.secret, "secret"));
  await run.step("createOrDeriveApiKey", async () => {
    const patient = run.client({ signer, throwOnError: false });
    same((await patient.createOrDeriveApiKey()).key, creds.key, "key");
  });
  const owner = run.client({ signer, creds });
  await run.refused("deriveApiKey of another nonce", 400, "Could not derive api key", () => starter.deriveApiKey(7));
  await run.step("getApiKeys", async () => {
    const second = await starter.createApiKey(7);
    same((await owner.getApiKeys()).apiKeys, [creds.key, second.key], "keys");
    return "2 keys";
  });
  await run.step("deleteApiKey", async () => {
    const second = await starter.deriveApiKey(7);
    same(await run.client({ signer, creds: second }).deleteApiKey(), "OK", "answer");
    same((await owner.getApiKeys()).apiKeys, [creds.key], "keys");
    same((await starter.createApiKey(7)).secret, second.secret, "secret of the key made again");
  });
  for (const [part, value] of [["key", NOBODY], ["secret", "AAAA"], ["passphrase", "wrong"]]) {
    await run.refused(`a request with a wrong ${part}`, 401, "Unauthorized/Invalid api key",
      () => run.client({ signer, creds: { ...creds, [part]: value } }).getOpenOrders());
  }
  await run.step("getClosedOnlyMode", async () => same((await owner.getClosedOnlyMode()).closed_only, false, "mode"));
  await run.step("createReadonlyApiKey", async () => check((await owner.createReadonlyApiKey()).apiKey, "no key"));
  let readOnly;
  await run.step("getReadonlyApiKeys", async () => {
    readOnly = await owner.getReadonlyApiKeys();
    same(readOnly.length, 1, "keys");
  });
  await run.step("a read-only key reads", async () => {
    const headers = { POLY_READONLY_API_KEY: readOnly[0], POLY_ADDRESS: signer.account.address };
    same((await axios.get(`${run.url}/data/orders`, { headers })).data.count, 0, "orders");
  });
  await run.step("deleteReadonlyApiKey", async () => {
    same(await owner.deleteReadonlyApiKey(readOnly[0]), true, "answer");
    same((await owner.getReadonlyApiKeys()).length, 0, "keys");
  });
  await run.step("createBuilderApiKey", async () => check((await owner.createBuilderApiKey()).secret, "no secret"));
  await run.step("getBuilderApiKeys", async () => check(!(await owner.getBuilderApiKeys())[0].revokedAt, "it is revoked"));
  await run.step("revokeBuilderApiKey", async () => {
    same(await owner.revokeBuilderApiKey(), "OK", "answer");
    check((await owner.getBuilderApiKeys())[0].revokedAt, "it is not revoked");
  });
  return owner;
};

const orderCalls = async (run, owner, market, negRisk) => {
  const cid = market.condition_id;
  const token = market.tokens[0].token_id;
  const { bid, ask } = bestOf(await owner.getOrderBook(token));
  const low = Number((bid - 0.02).toFixed(2));
  const quote = { tokenID: token, price: bid, size: 25, side: Side.BUY };  // near the middle, so that it scores
  const later = () => Math.floor(Date.now() / 1000) + 600;
  let order;
  let id;
  await run.step("createOrder", async () => {
    order = await owner.createOrder(quote);
    same(order.takerAmount, 25e6, "shares");
  });
  await run.step("postOrder", async () => {
    const answer = await owner.postOrder(order, OrderType.GTC);
    same(answer.status, "live", "status");
    return id = answer.orderID;
  });
  await run.refused("postOrder of a copy", 400, "Duplicated", () => owner.postOrder(order, OrderType.GTC));
  await run.step("getOrder", async () => {
    const found = await owner.getOrder(id);
    same(found.original_size, 25, "size");
    check(typeof found.created_at === "number", "the time is no number");
  });
  await run.step("getOpenOrders", async () => {
    for (const filter of [undefined, { id }, { market: cid }, { asset_id: token }])
      same((await owner.getOpenOrders(filter)).length, 1, "orders");
    same((await owner.getOpenOrders({ market: negRisk.condition_id })).length, 0, "orders elsewhere");
  });
  await run.step("isOrderScoring", async () => {
    same((await owner.isOrderScoring({ order_id: id })).scoring, false, "a young order scores");
    await new Promise((done) => setTimeout(done, 4500));
    same((await owner.isOrderScoring({ order_id: id })).scoring, true, "an old order scores");
  });
  await run.step("areOrdersScoring", async () => same((await owner.areOrdersScoring({ orderIds: [id] }))[id], true, "it"));
  await run.step("cancelOrder", async () => {
    same((await owner.cancelOrder({ orderID: id })).canceled, [id], "canceled");
    check((await owner.cancelOrder({ orderID: id })).not_canceled[id], "it was canceled twice");
  });
  await run.step("createAndPostOrder", async () => {
    const answer = await owner.createAndPostOrder({ ...quote, expiration: later(), builderCode: BUILDER }, undefined,
      OrderType.GTD, true);
    same(answer.status, "live", "status");
  });
  await run.step("cancelMarketOrders", async () =>
    same((await owner.cancelMarketOrders({ market: cid, asset_id: token })).canceled.length, 1, "canceled"));
  let ids;
  await run.step("postOrders", async () => {
    const args = [];
    for (const price of [low, Number((low - 0.01).toFixed(2)), Number((low - 0.02).toFixed(2))])
      args.push({ order: await owner.createOrder({ ...quote, price }), orderType: OrderType.GTC });
    const answers = await owner.postOrders(args);
    same(answers.map((one) => one.status), ["live", "live", "live"], "statuses");
    ids = answers.map((one) => one.orderID);
  });
  await run.step("cancelOrders", async () =>
    same((await owner.cancelOrders(ids.slice(0, 2))).canceled.length, 2, "canceled"));
  await run.step("cancelAll", async () => same((await owner.cancelAll()).canceled, ids.slice(2), "canceled"));
  await run.step("createAndPostOrder of a neg-risk market", async () => {
    const other = negRisk.tokens[0].token_id;
    const best = bestOf(await owner.getOrderBook(other));
    const price = Number((best.bid - 2 * negRisk.minimum_tick_size).toFixed(4));
    same((await owner.createAndPostOrder({ tokenID: other, price, size: 10, side: Side.BUY })).status, "live", "status");
    await owner.cancelAll();
  });
  const cross = { ...quote, price: ask };
  await run.refused("a post-only order that crosses", 400, "invalid post-only order",
    () => owner.createAndPostOrder(cross, undefined, OrderType.GTC, true));
  await run.refused("an order of the first protocol", 400, "invalid order version, please use the latest clob-client",
    async () => owner.postOrder(await owner.createOrder(quote, { version: 1 })));
  await run.step("createExchangeV3OrderFromAmounts", async () => {
    const amounts = { tokenID: token, makerAmount: "4000000", takerAmount: "10000000", side: Side.BUY };
    order = await owner.createExchangeV3OrderFromAmounts(amounts);
    same(order.makerAmount, 4e6, "amount");
  });
  await run.refused("an order for another exchange", 400, "invalid signature", () => owner.postOrder(order));
};

const tradeCalls = async (run, owner, market) => {
  const cid = market.condition_id;
  const token = market.tokens[0].token_id;
  let answer;
  await run.step("createMarketOrder", async () => {
    const order = await owner.createMarketOrder({ tokenID: token, amount: 5, side: Side.BUY, orderType: OrderType.FOK });
    same(order.makerAmount, 5e6, "cash");
  });
  await run.step("createAndPostMarketOrder", async () => {
    answer = await owner.createAndPostMarketOrder(
      { tokenID: token, amount: 20, side: Side.BUY, builderCode: BUILDER, userUSDCBalance: 1000 }, undefined,
      OrderType.FOK);
    same(answer.status, "matched", "status");
    check(answer.transactionsHashes.length > 0, "no trade was settled");
    return `${answer.makingAmount} for ${answer.takingAmount} shares`;
  });
  await run.step("createAndPostMarketOrder to sell", async () => {
    const sold = await owner.createAndPostMarketOrder({ tokenID: token, amount: 5, side: Side.SELL }, undefined,
      OrderType.FAK);
    same(sold.status, "matched", "status");
  });
  await run.step("getTrades", async () => {
    const trades = await owner.getTrades({ market: cid });
    check(trades.length >= 2, "a trade is missing");
    const one = await owner.getTrades({ id: answer.tradeIDs[0] });
    same(one.length, 1, "trades of one id");
    same(one[0].trader_side, "TAKER", "side");
    same((await owner.getTrades({ maker_address: NOBODY.slice(0, 42) })).length, 0, "trades of nobody");
    return `${trades.length} trades`;
  });
  await run.step("getTradesPaginated", async () => {
    const page = await owner.getTradesPaginated({ asset_id: token });
    same(page.trades.length, page.count, "count");
  });
  await run.step("getBuilderTrades", async () => {
    const page = await owner.getBuilderTrades({ builder_code: BUILDER });
    check(page.count > 0 && page.trades.every((one) => one.builder === BUILDER), "wrong trades");
    same((await owner.getBuilderTrades({ builder_code: NOBODY })).count, 0, "trades of nobody");
    return `${page.count} trades`;
  });
  await run.step("getLastTradePrice", async () => {
    const last = await owner.getLastTradePrice(token);
    same(last.side, "SELL", "side of the last trade");
    return last.price;
  });
  await run.step("getLastTradesPrices", async () =>
    same((await owner.getLastTradesPrices([{ token_id: token }]))[0].side, "SELL", "side"));
  await run.step("getPricesHistory", async () => {
    const { history } = await owner.getPricesHistory({ market: token, interval: PriceHistoryInterval.ONE_HOUR });
    const last = await owner.getLastTradePrice(token);
    same(history.at(-1).p, Number(last.price), "last price");
    const none = await owner.getPricesHistory({ market: token, startTs: 1, endTs: 2, fidelity: 10 });
    same(none.history.length, 0, "points of long ago");
    return `${history.length} points`;
  });
  await run.step("getMarketTradesEvents", async () => {
    const events = await owner.getMarketTradesEvents(cid);
    same(events[0].side, "SELL", "side of the latest");
    same(events[0].market.condition_id, cid, "market");
    return `${events.length} events`;
  });
  await run.step("getBalanceAllowance", async () => {
    const cash = await owner.getBalanceAllowance({ asset_type: AssetType.COLLATERAL });
    check(Number(cash.balance) < 10000e6, "nothing was spent");
    const shares = { asset_type: AssetType.CONDITIONAL, token_id: token };
    // The venue answers from a copy, which is empty until it is asked to read the chain.
    same((await owner.getBalanceAllowance(shares)).balance, "0", "balance that was never read");
    await owner.updateBalanceAllowance(shares);
    check(Number((await owner.getBalanceAllowance(shares)).balance) > 0, "nothing is held");
  });
  await run.step("updateBalanceAllowance", async () =>
    check(await owner.updateBalanceAllowance({ asset_type: AssetType.COLLATERAL }), "no answer"));
};

const restCalls = async (run, owner) => {
  const today = new Date().toISOString().slice(0, 10);
  await run.step("getNotifications", async () => {
    const all = await owner.getNotifications();
    check(all.some((one) => one.type === 1) && all.some((one) => one.type === 2), "a kind is missing");
    return `${all.length} notifications`;
  });
  await run.step("dropNotifications", async () => {
    const ids = (await owner.getNotifications()).map((one) => String(one.id));
    await owner.dropNotifications({ ids });
    same((await owner.getNotifications()).length, 0, "left");
  });
  await run.step("getPreMigrationOrders", async () => same((await owner.getPreMigrationOrders()).length, 0, "orders"));
  await run.step("getEarningsForUserForDay", async () =>
    same((await owner.getEarningsForUserForDay(today)).length, 0, "earnings"));
  await run.step("getTotalEarningsForUserForDay", async () =>
    same((await owner.getTotalEarningsForUserForDay(today)).length, 0, "earnings"));
  await run.step("getUserEarningsAndMarketsConfig", async () => {
    const rows = await owner.getUserEarningsAndMarketsConfig(today, "earnings", "DESC");
    check(rows.length > 0 && rows.every((one) => one.earnings.length === 0), "somebody earned");
    return `${rows.length} markets`;
  });
  await run.step("getRewardPercentages", async () =>
    same(Object.keys(await owner.getRewardPercentages()).length, 0, "percentages"));
  await run.refused("earnings of no day", 400, "Invalid date", () => owner.getEarningsForUserForDay("today"));
  await run.step("postHeartbeat", async () => {
    const first = await owner.postHeartbeat();
    const second = await owner.postHeartbeat(first.heartbeat_id);
    check(second.heartbeat_id !== first.heartbeat_id, "the id stays");
  });
};

const calls = async (url) => {
  const run = new Run(url);
  const signer = signerOf(KEY);
  const anybody = run.client();
  const { plain, negRisk } = await pickMarkets(anybody);
  await publicCalls(run, anybody, plain);
  const owner = await keyCalls(run, signer);
  await orderCalls(run, owner, plain, negRisk);
  await tradeCalls(run, owner, plain);
  await restCalls(run, owner);
  const left = [...publicMethods()].filter((name) => !run.driven.has(name));
  for (const name of left) say({ call: name, outcome: "FAILED", detail: "nothing drives it" });
};

// ---- orders ---------------------------------------------------------------------------------------------------------

// Mulberry32: the same seed gives the same orders.
const randomOf = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const orders = async (count, seed) => {
  const random = randomOf(seed);
  const below = (n) => Math.floor(random() * n);
  const word = () => keccak256(toHex(`${seed}:${random()}`));
  const creds = { key: "019894b9-cb40-79c4-b2bd-6aecb6f8c6c5", secret: "A".repeat(40) + "-_8=", passphrase: "word" };
  const contracts = getContractConfig(CHAIN);
  let sent;
  axios.defaults.adapter = async (config) => {
    sent = { body: config.data, headers: config.headers };
    return { data: { success: true, errorMsg: "", orderID: "", status: "live" }, status: 200, statusText: "OK",
      headers: {}, config };
  };
  for (let i = 0; i < count; ++i) {
    const key = word();
    const signer = signerOf(key);
    const signatureType = below(4);
    const funderAddress = signatureType === 0 ? undefined : getAddress(word().slice(0, 42));
    const client = new ClobClient({ host: "http://nowhere", chain: CHAIN, signer, creds, signatureType, funderAddress,
      throwOnError: true });
    const tick = ["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"][below(6)];
    const steps = Math.round(1 / Number(tick));
    const price = (Number(tick) * (1 + below(steps - 2))).toFixed(4);
    const size = ((100 + below(1_000_000)) / 100).toFixed(2);
    const exchange = ["v2", "v2_neg_risk", "v3"][below(3)];
    const version = exchange === "v3" ? 3 : 2;
    const negRisk = exchange === "v2_neg_risk";
    const isMarket = random() < 0.4;
    const orderType = (isMarket ? ["FOK", "FAK"] : ["GTC", "GTD"])[below(2)];
    const postOnly = !isMarket && random() < 0.3;
    const tokenID = BigInt(word()).toString();
    client.tickSizes[tokenID] = tick;
    client.feeInfos[tokenID] = { rate: 0, exponent: 0 };
    const terms = { tokenID, price: Number(price), side: random() < 0.5 ? Side.BUY : Side.SELL };
    if (random() < 0.5) terms.builderCode = word();
    if (random() < 0.5) terms.metadata = word();
    if (orderType === "GTD") terms.expiration = 1_800_000_000 + below(1_000_000);
    const options = { tickSize: tick, negRisk, version };
    const order = isMarket
      ? await client.createMarketOrder({ ...terms, amount: Number(size), orderType }, options)
      : await client.createOrder({ ...terms, size: Number(size) }, options);
    await client.postOrder(order, orderType, postOnly);
    const contract = version === 3 ? contracts.exchangeV3
      : negRisk ? contracts.negRiskExchangeV2 : contracts.exchangeV2;
    const builder = new (version === 3 ? ExchangeOrderBuilderV3 : ExchangeOrderBuilderV2)(contract, CHAIN, signer);
    const amounts = isMarket ? { makerAmount: order.makerAmount, takerAmount: order.takerAmount } : { price, size, tick };
    say({
      terms: { key, apiKey: creds.key, secret: creds.secret, passphrase: creds.passphrase,
        hmacTimestamp: sent.headers.POLY_TIMESTAMP, exchange, salt: order.salt, maker: order.maker,
        signer: order.signer, tokenId: order.tokenId, side: order.side, signatureType: String(order.signatureType),
        timestamp: order.timestamp, expiration: order.expiration ?? "0", metadata: order.metadata,
        builder: order.builder, orderType, postOnly: String(postOnly), body: sent.body, ...amounts },
      digest: builder.buildOrderHash(builder.buildOrderTypedData(order)),
      signature: order.signature,
      hmac: sent.headers.POLY_SIGNATURE,
    });
  }
};

const [mode, first, second] = process.argv.slice(2);
await (mode === "calls" ? calls(first) : orders(Number(first), Number(second)));
