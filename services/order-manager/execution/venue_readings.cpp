// What order-manager reads at the venue: its account, markets, the clock.
//
// Each call is named before it is awaited: gcc 12 destroys an aggregate temporary inside a co_await
// expression wrongly.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "common/domain/bounds.hpp"
#include "common/polymarket/messages/income.hpp"
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
// Without cash a reading is worth less, so a short pause of chain reads is waited for.
constexpr domain::Duration kCashPatience = 2s;
// The venue refuses the one thing that was asked for, not the account or the number of requests.
bool refuses_this_alone(unsigned status) {
  const bool of_everything = status == 401 || status == 403 || status == 425 || status == 429;
  return status >= 400 && status <= 499 && !of_everything;
}

// There was no answer, or one that speaks of every request: another would be made in vain.
bool says_no_more(const http::Outcome& answer) {
  if (!answer) return true;
  return answer->status != 200 && answer->status != 500 && !refuses_this_alone(answer->status);
}

// The venue's ids are of this kind; they come from outside, so another would not be sent back.
bool may_stand_in_a_query(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

}  // namespace

awaitable<std::optional<std::string>> VenueClient::read(Call call) {
  if (!credentials_) co_return std::nullopt;
  http::Outcome answer =
      co_await send(call.operation, authenticated_request(call, *credentials_), call.about);
  if (!answer || answer->status != 200) co_return std::nullopt;
  co_return std::move(answer->body);
}

template <class Parse, class Take>
awaitable<bool> VenueClient::read_pages(Call first, Parse parse, Take take,
                                        domain::VenueAccount::Unread::Kind kind,
                                        domain::VenueAccount& account) {
  std::string cursor(polymarket::kFirstCursor);
  for (int page = 0; page < kPagesMax; ++page) {
    Call call = first;
    call.query += "next_cursor=" + cursor;
    const auto body = co_await read(std::move(call));
    if (!body) co_return false;
    auto parsed = counted(first.operation, parse(*body));
    if (!parsed) co_return false;
    for (const auto& record : parsed->items) take(record);
    for (const auto& row : parsed->unreadable) {
      // Rows are counted with their answer; the core counts how many there are.
      failures_.warning("A row of the account cannot be read; the others are",
                        {{"operation", domain::name_of(first.operation)},
                         {"id", row.id},
                         {"error", polymarket::to_string(row.error)}});
      account.unread.push_back(polymarket::to_unread(row, kind));
    }
    if (parsed->last()) co_return true;
    cursor = parsed->next_cursor;
  }
  unreadable(first.operation, "more pages than a reading can have");
  co_return false;
}

awaitable<bool> VenueClient::read_open_orders(domain::VenueAccount& account) {
  Call first{.operation = VenueOperation::OpenOrders, .path = "/data/orders", .query = "?"};
  const auto take = [&account, at = clock_.now()](const auto& record) {
    account.open_orders.push_back(polymarket::to_update(record, at));
  };
  auto reading = read_pages(std::move(first), polymarket::parse_open_orders, take,
                            domain::VenueAccount::Unread::Kind::OpenOrder, account);
  co_return co_await std::move(reading);
}

awaitable<bool> VenueClient::read_trades(std::vector<domain::TradeId> by_id,
                                         domain::VenueAccount& account) {
  // The venue takes whole seconds and leaves out trades that are not after them, so one second
  // earlier misses none.
  const std::int64_t after_s =
      std::max<std::int64_t>(0, domain::to_unix_ns(account.trades_since) / 1'000'000'000 - 1);
  Call first{.operation = VenueOperation::Trades,
             .path = "/data/trades",
             .query = "?after=" + std::to_string(after_s) + "&"};
  if (!credentials_) co_return false;
  const polymarket::TraderIdentity us{credentials_->api_key(),
                                      polymarket::to_checksum(settings_.party.wallet.address)};
  const auto take = [&us, &account](const auto& record) {
    account.trades.push_back(polymarket::to_trade(record, us));
  };
  const auto kind = domain::VenueAccount::Unread::Kind::Trade;
  auto reading = read_pages(std::move(first), polymarket::parse_trades, take, kind, account);
  if (!co_await std::move(reading)) co_return false;
  // At once: one that cannot be read stays as it is, and the rest of the account waits for none.
  const auto read_one = [&](std::string query) -> awaitable<void> {
    Call one{.operation = VenueOperation::Trades,
             .path = "/data/trades",
             .query = query,
             .about = About::OneRow};
    auto asked = read_pages(std::move(one), polymarket::parse_trades, take, kind, account);
    (void)co_await std::move(asked);
  };
  std::vector<awaitable<void>> requests;
  for (const domain::TradeId& id : by_id) {
    if (may_stand_in_a_query(id.value)) requests.push_back(read_one("?id=" + id.value + "&"));
  }
  co_await runtime::until_all_end(co_await boost::asio::this_coro::executor, std::move(requests));
  co_return true;
}

awaitable<VenueClient::Balance> VenueClient::read_balance(std::string query) {
  Balance balance;
  if (!credentials_) co_return balance;
  Call call{.operation = VenueOperation::Balance,
            .path = "/balance-allowance",
            .query = std::move(query)};
  const http::Outcome answer =
      co_await send(call.operation, authenticated_request(call, *credentials_));
  // A refusal for one token says nothing of the others; a refusal of every request does.
  if (!answer || (answer->status != 200 && !refuses_this_alone(answer->status))) co_return balance;
  balance.state = Balance::State::Unreadable;
  if (answer->status != 200) co_return balance;
  const auto parsed =
      counted(VenueOperation::Balance, polymarket::parse_balance_allowance(answer->body));
  if (!parsed) co_return balance;
  // The journal could not be read again with more.
  if (parsed->balance > domain::kQuantityMax.raw()) {
    unreadable(VenueOperation::Balance, "a balance beyond any that there can be");
    co_return balance;
  }
  co_return Balance{Balance::State::Told, parsed->balance};
}

// A key may have several wallets, which have balances of their own.
std::string VenueClient::of_wallet() const {
  return "&signature_type=" + std::to_string(static_cast<int>(settings_.party.wallet.type()));
}

// No token waits for more: orders and trades of the same reading matter sooner.
std::size_t VenueClient::chain_reads_left() const {
  return limits_.available(polymarket::EndpointClass::ChainReads, clock_.monotonic());
}

awaitable<VenueClient::ChainRead> VenueClient::read_chain(std::string query) {
  if (!credentials_) co_return ChainRead::NoAnswer;
  const std::string key = credentials_->api_key();
  Call update{.operation = VenueOperation::ChainRead,
              .path = "/balance-allowance/update",
              .query = std::move(query)};
  const http::Outcome answer =
      co_await send(update.operation, authenticated_request(update, *credentials_));
  if (!answer) {
    const bool held_back = answer.error().ec == boost::asio::error::try_again;
    co_return held_back ? ChainRead::Throttled : ChainRead::NoAnswer;
  }
  if (answer->status == 200) {
    const bool same_key = credentials_ && credentials_->api_key() == key;
    co_return same_key ? ChainRead::Done : ChainRead::NoAnswer;
  }
  failures_.warning("The venue does not read a balance from the chain",
                    {{"status", answer->status}, {"asked", update.query}});
  if (answer->status == 429) co_return ChainRead::Throttled;
  co_return refuses_this_alone(answer->status) ? ChainRead::Refused : ChainRead::NoAnswer;
}

// The venue answers from a copy of the chain. It is 0 until the venue was told once to read the
// chain, and without that it knows of no deposit and no withdrawal.
awaitable<VenueClient::Balance> VenueClient::read_collateral() {
  const std::string query = "?asset_type=COLLATERAL" + of_wallet();
  const domain::Duration pause =
      limits_.paused(polymarket::EndpointClass::ChainReads, clock_.monotonic());
  if (pause > kCashPatience) co_return Balance{Balance::State::NotAsked, 0};
  const ChainRead chain = co_await read_chain(query);
  if (chain == ChainRead::NoAnswer) co_return Balance{};
  if (chain == ChainRead::Refused) co_return Balance{Balance::State::Unreadable, 0};
  if (chain == ChainRead::Throttled) co_return Balance{Balance::State::NotAsked, 0};
  co_return co_await read_balance(query);
}

awaitable<std::optional<domain::VenueAccount>> VenueClient::read_account(ReadAccount wanted) {
  domain::VenueAccount account;
  account.read_at = clock_.now();
  account.trades_since = wanted.trades_since;
  if (!co_await read_open_orders(account)) co_return std::nullopt;
  if (!co_await read_trades(wanted.trades, account)) co_return std::nullopt;
  const Balance collateral = co_await read_collateral();
  if (collateral.state == Balance::State::NoAnswer) co_return std::nullopt;
  account.collateral_told = collateral.state == Balance::State::Told;
  account.balances_left = collateral.state == Balance::State::NotAsked;
  account.collateral = domain::Money::from_raw(collateral.raw);
  co_await read_holdings(wanted.tokens, account);
  co_await read_income(std::move(wanted.income), account);
  co_return account;
}

awaitable<void> VenueClient::read_income(std::vector<domain::UtcDate> days,
                                         domain::VenueAccount& account) {
  constexpr VenueOperation kIncome = VenueOperation::Income;
  for (const domain::UtcDate day : days) {
    http::ClientRequest rebates{.url = settings_.rest + std::string(polymarket::kRebatesPath) +
                                       "?date=" + polymarket::date_text(day) + "&maker_address=" +
                                       polymarket::to_checksum(settings_.party.wallet.address)};
    const http::Outcome told = co_await send(kIncome, std::move(rebates));
    if (says_no_more(told)) break;
    if (told->status != 200) continue;
    if (const auto paid = counted(kIncome, polymarket::parse_rebates(told->body)))
      account.income.push_back({domain::IncomeKind::Rebate, day, *paid});
  }
  for (const domain::UtcDate day : days) {
    Call call{.operation = kIncome,
              .path = std::string(polymarket::kEarningsPath),
              .query = "?date=" + polymarket::date_text(day) + of_wallet()};
    if (!credentials_) break;
    const http::Outcome told = co_await send(kIncome, authenticated_request(call, *credentials_));
    if (says_no_more(told)) break;
    if (told->status != 200) continue;
    if (const auto paid = counted(kIncome, polymarket::parse_earnings(told->body)))
      account.income.push_back({domain::IncomeKind::Reward, day, *paid});
  }
}

awaitable<void> VenueClient::read_holdings(const std::vector<domain::TokenId>& tokens,
                                           domain::VenueAccount& account) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const std::size_t reads = chain_reads_left();
  // One is left for the cash of the next reading.
  const std::vector<ChainReads::Planned> planned =
      chain_reads_.plan(tokens, clock_.monotonic(), reads - std::min<std::size_t>(reads, 1));
  bool answers = true;
  for (std::size_t first = 0; first < planned.size(); first += kBalancesAtOnce) {
    const std::size_t count = std::min(kBalancesAtOnce, planned.size() - first);
    std::array<Balance, kBalancesAtOnce> balances;
    std::vector<awaitable<void>> requests;
    for (std::size_t i = 0; i < count; ++i) {
      const bool asks = answers && planned[first + i].step != ChainReads::Step::Wait;
      if (!asks) balances[i].state = Balance::State::NotAsked;
      if (asks) requests.push_back(read_holding(planned[first + i], balances[i]));
    }
    co_await runtime::until_all_end(executor, std::move(requests));
    for (std::size_t i = 0; i < count; ++i) {
      const domain::TokenId& token = planned[first + i].token;
      const Balance::State state = balances[i].state;
      answers = answers && state != Balance::State::NoAnswer;
      if (state == Balance::State::NotAsked) {
        account.balances_left = true;
        continue;
      }
      chain_reads_.heard(token, state != Balance::State::NoAnswer);
      if (state == Balance::State::Told) {
        account.holdings.push_back({token, domain::Quantity::from_raw(balances[i].raw)});
      } else {
        account.unread_balances.push_back(token);
      }
    }
  }
}

awaitable<VenueClient::ChainRead> VenueClient::read_chain_of(domain::TokenId token,
                                                             std::string query) {
  ChainRead chain = ChainRead::Throttled;
  if (chain_reads_left() > 0) {  // the venue may have asked for a pause meanwhile
    chain_reads_.told(token, clock_.monotonic());
    chain = co_await read_chain(std::move(query));
  }
  if (chain == ChainRead::Done) chain_reads_.done(token, clock_.monotonic());
  const bool old_copy = chain == ChainRead::Throttled && chain_reads_.was_read(token);
  co_return old_copy ? ChainRead::Done : chain;
}

awaitable<void> VenueClient::read_holding(ChainReads::Planned planned, Balance& balance) {
  const std::string query = "?asset_type=" + std::string(polymarket::asset_type_of(planned.token)) +
                            "&token_id=" + domain::to_string(planned.token) + of_wallet();
  if (planned.step == ChainReads::Step::ReadAndAsk) {
    const ChainRead chain = co_await read_chain_of(planned.token, query);
    if (chain == ChainRead::Refused) balance.state = Balance::State::Unreadable;
    if (chain == ChainRead::Throttled) balance.state = Balance::State::NotAsked;
    if (chain != ChainRead::Done) co_return;
  }
  balance = co_await read_balance(query);
}

awaitable<std::optional<polymarket::GammaMarket>> VenueClient::read_listing(domain::MarketId id,
                                                                            Listing wanted) {
  // Open and closed markets are listed apart.
  for (const char* closed : {"false", "true"}) {
    http::ClientRequest request{.url = settings_.gamma + "/markets/keyset?condition_ids=" +
                                       domain::to_string(id) + "&closed=" + closed};
    const http::Outcome answer = co_await send(VenueOperation::Listing, std::move(request));
    if (!answer || answer->status != 200) co_return std::nullopt;
    auto page = counted(VenueOperation::Listing, polymarket::parse_gamma_page(answer->body));
    if (!page) co_return std::nullopt;
    for (polymarket::GammaMarket& market : page->markets) {
      if (market.id == id) co_return std::move(market);
    }
    for (polymarket::SkippedMarket& market : page->skipped) {
      if (market.id != id) continue;
      if (wanted == Listing::State && market.state) co_return std::move(market.state);
      failures_.error("A market cannot be read: nothing is opened there",
                      {{"market", market.slug}, {"error", polymarket::to_string(market.error)}});
      co_return std::nullopt;
    }
  }
  co_return std::nullopt;
}

awaitable<MarketRead> VenueClient::read_market(domain::MarketId id) {
  MarketRead result{.id = id, .outcome = MarketRead::Outcome::Failed, .market = std::nullopt};
  http::ClientRequest request{.url = settings_.rest + "/clob-markets/" + domain::to_string(id)};
  const http::Outcome answer = co_await send(VenueOperation::Market, std::move(request));
  if (!answer) co_return result;
  if (answer->status == 404) {
    result.outcome = MarketRead::Outcome::NotFound;
    co_return result;
  }
  if (answer->status != 200) co_return result;
  const auto record = counted(VenueOperation::Market, polymarket::parse_clob_market(answer->body));
  if (!record) co_return result;
  const auto listing = co_await read_listing(id, Listing::Whole);
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

awaitable<std::optional<domain::Payout>> VenueClient::read_payout(
    domain::MarketId id, std::optional<domain::Payout> told) {
  const auto listing = co_await read_listing(id, Listing::State);
  if (!listing) co_return std::nullopt;
  if (const auto proven = polymarket::payout(*listing)) co_return proven;
  const auto claimed = polymarket::claimed_payout(*listing);
  // Only a resolved listing can say one half each, and that is proof itself.
  const bool named = told && (told->yes == domain::kPriceOne || told->no == domain::kPriceOne);
  if (!claimed || (named && claimed == told)) co_return claimed;
  if (!co_await record_confirms(*listing, *claimed)) co_return std::nullopt;
  co_return claimed;
}

awaitable<bool> VenueClient::record_confirms(polymarket::GammaMarket listing,
                                             domain::Payout claimed) {
  http::ClientRequest request{.url = settings_.rest + "/markets/" + domain::to_string(listing.id)};
  const http::Outcome answer = co_await send(VenueOperation::Result, std::move(request));
  if (!answer || answer->status != 200) co_return false;
  const auto result = counted(VenueOperation::Result, polymarket::parse_clob_result(answer->body));
  if (!result) co_return false;
  const bool agrees = polymarket::confirms(*result, listing, claimed);
  if (!agrees && result->winner)
    failures_.error("A market's prices and the winner of its record contradict: nothing is paid",
                    {{"market", listing.slug}});
  co_return agrees;
}

awaitable<std::optional<domain::Duration>> VenueClient::read_clock_offset() {
  const domain::Timestamp begun = clock_.now();
  http::ClientRequest request{.url = settings_.rest + "/time"};
  const http::Outcome answer = co_await send(VenueOperation::Time, std::move(request));
  const domain::Timestamp ended = clock_.now();
  if (!answer || answer->status != 200) co_return std::nullopt;
  const auto seconds = counted(VenueOperation::Time, polymarket::parse_time(answer->body));
  if (!seconds) co_return std::nullopt;
  // The venue's clock was somewhere in [seconds, seconds + 1) while ours was in [begun, ended].
  const domain::Timestamp earliest = domain::from_unix_ns(*seconds * 1'000'000'000);
  const domain::Timestamp latest = earliest + 1s;
  if (ended < earliest) co_return earliest - ended;
  if (begun >= latest) co_return latest - begun;
  co_return domain::Duration::zero();
}

}  // namespace polybot::order_manager
