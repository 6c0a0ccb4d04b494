// What order-manager reads at the venue: its account, markets, the clock.
//
// Each call is named before it is awaited: gcc 12 destroys an aggregate temporary inside a co_await
// expression wrongly.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "common/runtime/until_all_end.hpp"
#include "services/order-manager/execution/venue_client.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

// Pages of one reading; the venue pages by hundreds, so this is more than an account can have open.
constexpr int kPagesMax = 1'000;
// Balances asked for side by side: half the connections to the venue, so that orders never wait.
constexpr std::size_t kBalancesAtOnce = 4;

}  // namespace

awaitable<std::optional<std::string>> VenueClient::read(Call call) {
  if (!credentials_) co_return std::nullopt;
  http::Outcome answer = co_await send(call.operation, authenticated_request(call));
  if (!answer || answer->status != 200) co_return std::nullopt;
  co_return std::move(answer->body);
}

awaitable<std::optional<std::vector<domain::VenueOrderUpdate>>> VenueClient::read_open_orders() {
  std::vector<domain::VenueOrderUpdate> orders;
  std::string cursor(polymarket::kFirstCursor);
  const domain::Timestamp at = clock_.now();
  for (int page = 0; page < kPagesMax; ++page) {
    Call call{
        .operation = "open_orders", .path = "/data/orders", .query = "?next_cursor=" + cursor};
    const auto body = co_await read(std::move(call));
    if (!body) co_return std::nullopt;
    auto parsed = polymarket::parse_open_orders(*body);
    if (!parsed) {
      unreadable("open_orders", polymarket::to_string(parsed.error()));
      co_return std::nullopt;
    }
    for (const auto& record : parsed->items) orders.push_back(polymarket::to_update(record, at));
    if (parsed->last()) co_return orders;
    cursor = parsed->next_cursor;
  }
  unreadable("open_orders", "more pages than an account can have");
  co_return std::nullopt;
}

awaitable<std::optional<std::vector<domain::VenueTrade>>> VenueClient::read_trades(
    domain::Timestamp since) {
  std::vector<domain::VenueTrade> trades;
  std::string cursor(polymarket::kFirstCursor);
  // The venue takes whole seconds and leaves out what is not after them: one second earlier loses
  // nothing.
  const std::int64_t after_s =
      std::max<std::int64_t>(0, domain::to_unix_ns(since) / 1'000'000'000 - 1);
  for (int page = 0; page < kPagesMax; ++page) {
    Call call{.operation = "trades",
              .path = "/data/trades",
              .query = "?after=" + std::to_string(after_s) + "&next_cursor=" + cursor};
    const auto body = co_await read(std::move(call));
    if (!body) co_return std::nullopt;
    auto parsed = polymarket::parse_trades(*body);
    if (!parsed) {
      unreadable("trades", polymarket::to_string(parsed.error()));
      co_return std::nullopt;
    }
    for (const auto& record : parsed->items)
      trades.push_back(polymarket::to_trade(record, credentials_->api_key()));
    if (parsed->last()) co_return trades;
    cursor = parsed->next_cursor;
  }
  unreadable("trades", "more pages than a reading can have");
  co_return std::nullopt;
}

awaitable<std::optional<std::int64_t>> VenueClient::read_balance(std::string query) {
  Call call{.operation = "balance", .path = "/balance-allowance", .query = std::move(query)};
  const auto body = co_await read(std::move(call));
  if (!body) co_return std::nullopt;
  const auto parsed = polymarket::parse_balance_allowance(*body);
  if (!parsed) {
    unreadable("balance", polymarket::to_string(parsed.error()));
    co_return std::nullopt;
  }
  co_return parsed->balance;
}

awaitable<std::optional<domain::VenueAccount>> VenueClient::read_account(ReadAccount wanted) {
  domain::VenueAccount account;
  account.read_at = clock_.now();
  account.trades_since = wanted.trades_since;
  auto orders = co_await read_open_orders();
  if (!orders) co_return std::nullopt;
  account.open_orders = std::move(*orders);
  auto trades = co_await read_trades(wanted.trades_since);
  if (!trades) co_return std::nullopt;
  account.trades = std::move(*trades);
  const auto collateral = co_await read_balance("?asset_type=COLLATERAL&signature_type=0");
  if (!collateral) co_return std::nullopt;
  account.collateral = domain::Money::from_raw(*collateral);
  if (!co_await read_holdings(wanted.tokens, account.holdings)) co_return std::nullopt;
  co_return account;
}

awaitable<bool> VenueClient::read_holdings(const std::vector<domain::TokenId>& tokens,
                                           std::vector<domain::VenueAccount::Holding>& holdings) {
  const auto executor = co_await boost::asio::this_coro::executor;
  while (holdings.size() < tokens.size()) {
    const std::size_t first = holdings.size();
    const std::size_t count = std::min(kBalancesAtOnce, tokens.size() - first);
    std::array<std::optional<std::int64_t>, kBalancesAtOnce> balances;
    std::vector<awaitable<void>> requests;
    for (std::size_t i = 0; i < count; ++i)
      requests.push_back(read_holding(tokens[first + i], balances[i]));
    co_await runtime::until_all_end(executor, std::move(requests));
    for (std::size_t i = 0; i < count; ++i) {
      if (!balances[i]) co_return false;
      holdings.push_back({tokens[first + i], domain::Quantity::from_raw(*balances[i])});
    }
  }
  co_return true;
}

awaitable<void> VenueClient::read_holding(domain::TokenId token,
                                          std::optional<std::int64_t>& balance) {
  balance = co_await read_balance("?asset_type=CONDITIONAL&token_id=" + domain::to_string(token) +
                                  "&signature_type=0");
}

awaitable<std::optional<polymarket::GammaMarket>> VenueClient::read_listing(domain::MarketId id) {
  // Open and closed markets are listed apart.
  for (const char* closed : {"false", "true"}) {
    http::ClientRequest request{.url = settings_.gamma + "/markets/keyset?condition_ids=" +
                                       domain::to_string(id) + "&closed=" + closed};
    const http::Outcome answer = co_await send("listing", std::move(request));
    if (!answer || answer->status != 200) co_return std::nullopt;
    auto page = polymarket::parse_gamma_page(answer->body);
    if (!page) {
      unreadable("listing", polymarket::to_string(page.error()));
      co_return std::nullopt;
    }
    for (polymarket::GammaMarket& market : page->markets) {
      if (market.id == id) co_return std::move(market);
    }
  }
  co_return std::nullopt;
}

awaitable<MarketRead> VenueClient::read_market(domain::MarketId id) {
  MarketRead result{.id = id, .outcome = MarketRead::Outcome::Failed, .market = std::nullopt};
  http::ClientRequest request{.url = settings_.rest + "/clob-markets/" + domain::to_string(id)};
  const http::Outcome answer = co_await send("market", std::move(request));
  if (!answer) co_return result;
  if (answer->status == 404) {
    result.outcome = MarketRead::Outcome::NotFound;
    co_return result;
  }
  if (answer->status != 200) co_return result;
  const auto record = polymarket::parse_clob_market(answer->body);
  if (!record) {
    unreadable("market", polymarket::to_string(record.error()));
    co_return result;
  }
  const auto listing = co_await read_listing(id);
  if (!listing) co_return result;
  const domain::Market listed = polymarket::to_market(*listing);
  if (const std::string_view field = polymarket::contradiction(listed, *record); !field.empty()) {
    failures_.error("A market's listing and record contradict: it is not traded",
                    {{"market", listed.slug}, {"field", field}});
    co_return result;
  }
  result.outcome = MarketRead::Outcome::Found;
  result.market = polymarket::with_record(listed, *record);
  co_return result;
}

awaitable<std::optional<domain::Payout>> VenueClient::read_payout(domain::MarketId id) {
  const auto listing = co_await read_listing(id);
  if (!listing) co_return std::nullopt;
  co_return polymarket::payout(*listing);
}

awaitable<std::optional<domain::Duration>> VenueClient::read_clock_offset() {
  const domain::Timestamp begun = clock_.now();
  http::ClientRequest request{.url = settings_.rest + "/time"};
  const http::Outcome answer = co_await send("time", std::move(request));
  const domain::Timestamp ended = clock_.now();
  if (!answer || answer->status != 200) co_return std::nullopt;
  const auto seconds = polymarket::parse_time(answer->body);
  if (!seconds) {
    unreadable("time", polymarket::to_string(seconds.error()));
    co_return std::nullopt;
  }
  // The venue's clock was somewhere in [seconds, seconds + 1) while ours was in [begun, ended].
  const domain::Timestamp earliest = domain::from_unix_ns(*seconds * 1'000'000'000);
  const domain::Timestamp latest = earliest + 1s;
  if (ended < earliest) co_return earliest - ended;
  if (begun >= latest) co_return latest - begun;
  co_return domain::Duration::zero();
}

}  // namespace polybot::order_manager
