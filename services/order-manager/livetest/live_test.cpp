#include "services/order-manager/livetest/live_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/runtime/until_one_ends.hpp"
#include "services/order-manager/doctor/checks.hpp"
#include "services/order-manager/venue_identity.hpp"

namespace polybot::order_manager::livetest {

using boost::asio::awaitable;
using doctor::fails;
using doctor::passes;
using doctor::warns;
using domain::VenueOrderStatus;
using domain::VenueTradeStatus;
using namespace std::chrono_literals;

namespace {

// The venue counts the last minute before the end of an order as over.
constexpr domain::Duration kOrderEndsAfter = 3min;
constexpr domain::Duration kAnswerWithin = 15s;
constexpr domain::Duration kSettledWithin = 90s;
constexpr domain::Duration kReadAgainAfter = 500ms;
constexpr domain::Duration kTradesMargin = 1min;  // the venue's clock and ours
constexpr std::size_t kMarketsLookedAt = 10;
constexpr int kCancelTries = 5;
// Often enough that the answer, which shows the subscription, comes soon.
constexpr UserSession::Timing kTiming{.ping_interval = 1s};

http::ClientOptions options_of(const VenueConfig& venue) {
  http::ClientOptions options;
  options.request_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(venue.request_timeout);
  options.transport = venue.transport;
  return options;
}

VenueClientSettings settings_of(const VenueConfig& venue, const polymarket::OrderParty& party) {
  return {.rest = venue.rest,
          .gamma = venue.gamma,
          .party = party,
          .credentials = venue.credentials,
          .chain_id = venue.chain_id,
          .request_timeout =
              std::chrono::duration_cast<std::chrono::milliseconds>(venue.request_timeout),
          .transport = venue.transport};
}

VenueClient::Observer no_observer() {
  return {.on_request = [](VenueOperation, RequestOutcome, domain::Duration) {},
          .on_link = [](Link) {},
          .on_throttled = [](VenueThrottled) {}};
}

std::string told_of(const domain::Market& market, const Placement& placement) {
  return fmt::format("{} shares of {} ({}) at {}, {} pUSD", placement.quantity.to_string(),
                     market.slug, market.yes_label, placement.price.to_string(),
                     placement.cost().to_string());
}

}  // namespace

LiveTest::LiveTest(boost::asio::any_io_executor executor, const Config& config,
                   const polymarket::OrderParty& party, polymarket::OrderSigner signer,
                   doctor::Progress& progress, Wanted wanted)
    : config_(config),
      party_(party),
      progress_(progress),
      wanted_(std::move(wanted)),
      begun_at_(clock_.now()),
      public_(executor, options_of(config.venue)),
      client_(executor, settings_of(config.venue, party), std::move(signer), no_observer()),
      session_(executor, config.venue.user_ws, reports(), kTiming, config.venue.transport),
      news_(executor) {}

UserSession::Reports LiveTest::reports() {
  return {.on_order =
              [this](const domain::VenueOrderUpdate& update) {
                if (update.order == order_) told_.insert(update.status);
                news_.cancel();
              },
          .on_trade =
              [this](const domain::VenueTrade& trade) {
                if (trade.taker_order == order_) trade_told_ = true;
                note(trade);
                news_.cancel();
              },
          .on_up = [] {},
          .on_down = [](std::string_view) {},
          .on_refused = [](UserEventRefusal) {},
          .on_missed =
              [this] {
                heard_ = true;
                news_.cancel();
              }};
}

// Events may come in any order; a trade that has failed or is final stays so.
void LiveTest::note(const domain::VenueTrade& trade) {
  if (trade.taker_order != order_) return;
  const bool ended = trade_ == VenueTradeStatus::Failed || trade_ == VenueTradeStatus::Confirmed;
  const bool older = trade_ == VenueTradeStatus::Mined && trade.status == VenueTradeStatus::Matched;
  if (!ended && !older) trade_ = trade.status;
}

void LiveTest::stop() {
  stopped_ = true;
  news_.cancel();
}

awaitable<bool> LiveTest::becomes(Condition so, domain::Duration within) {
  const domain::Duration until = clock_.monotonic() + within;
  for (;;) {
    if (so()) co_return true;
    const domain::Duration left = until - clock_.monotonic();
    if (left <= domain::Duration::zero()) co_return false;
    news_.expires_after(std::chrono::duration_cast<boost::asio::steady_timer::duration>(left));
    boost::system::error_code news;
    co_await news_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, news));
  }
}

awaitable<bool> LiveTest::account_shows(std::function<bool(const domain::VenueAccount&)> so,
                                        domain::Duration within) {
  const domain::Duration until = clock_.monotonic() + within;
  while (clock_.monotonic() < until) {
    ReadAccount wanted;
    wanted.trades_since = begun_at_ - kTradesMargin;
    auto reading = client_.read_account(std::move(wanted));
    const std::optional<domain::VenueAccount> account = co_await std::move(reading);
    if (account && so(*account)) co_return true;
    co_await runtime::sleep_for(kReadAgainAfter);
  }
  co_return false;
}

awaitable<std::vector<doctor::Check>> LiveTest::run() {
  const bool logged_in = co_await log_in();
  if (logged_in) (void)co_await runtime::until_one_ends(listen(), examine());
  if (stopped_) {
    checks_.push_back(fails("whole", "it was ended early",
                            "run it again: only a whole one shows that the account can trade"));
  }
  co_return std::move(checks_);
}

awaitable<bool> LiveTest::log_in() {
  progress_.begin("asking for API credentials");
  bool done = client_.authenticated();
  if (!done) done = co_await client_.authenticate();
  checks_.push_back(done ? passes("credentials", "the venue has API credentials of this key")
                         : fails("credentials", "the venue gives none to this key",
                                 "run order-manager doctor: its line api-key says why"));
  co_return done;
}

awaitable<void> LiveTest::listen() {
  try {
    polymarket::ApiCredentials credentials = client_.credentials();
    auto session =
        session_.run(std::move(credentials), polymarket::to_checksum(party_.wallet.address));
    co_await std::move(session);
  } catch (const std::exception& error) {
    channel_fault_ = error.what();
    news_.cancel();
  }
  co_await runtime::sleep_for(24h);  // the rest goes on by REST
}

awaitable<void> LiveTest::examine() {
  const bool heard = co_await hear();
  if (!heard || stopped_) co_return;
  std::optional<Chosen> chosen = co_await choose();
  if (!chosen || stopped_) co_return;
  const bool placed = co_await place(*chosen);
  if (!placed) co_return;
  co_await see_resting();
  co_await take_away();
  const bool failed = std::any_of(checks_.begin(), checks_.end(), [](const doctor::Check& check) {
    return check.verdict == doctor::Verdict::Fail;
  });
  if (wanted_.fill && !failed && !stopped_) co_await fill(std::move(*chosen));
}

awaitable<bool> LiveTest::hear() {
  progress_.begin("subscribing to the user channel");
  const auto known = [this] { return stopped_ || heard_ || !channel_fault_.empty(); };
  (void)co_await becomes(known, kAnswerWithin);
  if (heard_) {
    checks_.push_back(passes("user-channel", "it is open, and answers"));
  } else if (!stopped_) {
    checks_.push_back(fails(
        "user-channel", channel_fault_.empty() ? "it does not answer to PING" : channel_fault_,
        "see that venue.user_ws is right and that the credentials are of this account"));
  }
  co_return heard_;
}

// ---- the market ---------------------------------------------------------------------------------

awaitable<std::optional<std::string>> LiveTest::fetch(http::ClientRequest request) {
  http::Outcome answer = co_await public_.send(std::move(request));
  if (!answer || answer->status != 200) co_return std::nullopt;
  co_return std::move(answer->body);
}

awaitable<std::vector<domain::MarketId>> LiveTest::candidates() {
  std::vector<domain::MarketId> found;
  if (const auto id = domain::parse_hex<domain::MarketId>(wanted_.market)) {
    found.push_back(*id);
    co_return found;
  }
  http::ClientRequest request{.url = config_.venue.gamma +
                                     "/markets/keyset?closed=false&limit=100&order=volume24hr"
                                     "&ascending=false"};
  auto fetching = fetch(std::move(request));
  const std::optional<std::string> listing = co_await std::move(fetching);
  const auto page = polymarket::parse_gamma_page(listing.value_or(""));
  if (!page) co_return found;
  for (const polymarket::GammaMarket& listed : page->markets) {
    if (!wanted_.market.empty() && listed.slug != wanted_.market) continue;
    if (polymarket::tradability(listed) == polymarket::Tradability::Tradable)
      found.push_back(listed.id);
  }
  if (found.size() > kMarketsLookedAt) found.resize(kMarketsLookedAt);
  co_return found;
}

awaitable<std::optional<polymarket::BookSummary>> LiveTest::read_book(domain::TokenId token) {
  http::ClientRequest request{.method = http::Method::Post, .url = config_.venue.rest + "/books"};
  request.content_type = "application/json";
  request.body = polymarket::write_books_request({&token, 1});
  auto fetching = fetch(std::move(request));
  const std::optional<std::string> body = co_await std::move(fetching);
  auto page = polymarket::parse_books(body.value_or(""));
  if (!page || page->books.size() != 1) co_return std::nullopt;
  co_return std::move(page->books.front());
}

awaitable<LiveTest::Choice> LiveTest::look_at(domain::MarketId id) {
  MarketRead read = co_await client_.read_market(id);
  if (read.outcome != MarketRead::Outcome::Found)
    co_return domain::to_string(id) + " cannot be read";
  if (!domain::accepts_orders(read.market->status))
    co_return read.market->slug + " takes no orders now";
  auto reading = read_book(read.market->yes_token);
  std::optional<polymarket::BookSummary> book = co_await std::move(reading);
  if (!book) co_return read.market->slug + " has no book now";
  if (!far_order(*read.market, *book))
    co_return read.market->slug + " has no bid that the lowest price would be far from";
  co_return Chosen{std::move(*read.market), std::move(*book)};
}

awaitable<std::optional<LiveTest::Chosen>> LiveTest::choose() {
  progress_.begin("looking for a market");
  std::string why_not = wanted_.market.empty()
                            ? "the venue lists no market that can be traded"
                            : wanted_.market + " is none of the 100 that are traded most";
  const std::vector<domain::MarketId> markets = co_await candidates();
  for (const domain::MarketId& id : markets) {
    if (stopped_) co_return std::nullopt;
    Choice choice = co_await look_at(id);
    if (auto* const chosen = std::get_if<Chosen>(&choice)) co_return std::move(*chosen);
    why_not = std::get<std::string>(std::move(choice));
  }
  checks_.push_back(fails("market", why_not, "name another one: --market CONDITION_ID"));
  co_return std::nullopt;
}

// ---- an order that rests ------------------------------------------------------------------------

awaitable<bool> LiveTest::send(domain::Market market, Placement placement,
                               domain::TimeInForce how) {
  domain::Order order;
  order.decided_at = clock_.now();
  order.id = {{static_cast<std::uint64_t>(domain::to_unix_ms(order.decided_at)), 1}, 0};
  order.instrument = {market.id, domain::Outcome::Yes};
  order.limit = placement.price;
  order.quantity = placement.quantity;
  order.time_in_force = how;
  order.post_only = !domain::immediate(how);
  const bool ends = how == domain::TimeInForce::Gtd;
  if (ends)
    order.fields.expiration_s = domain::to_unix_ms(order.decided_at + kOrderEndsAfter) / 1000;
  const auto identity = venue_identity(config_.venue.chain_id, party_)(order, market);
  const std::string name = ends ? "placed" : "bought";
  if (!identity) {
    checks_.push_back(fails(name, "its amounts cannot be expressed", "name another market"));
    co_return false;
  }
  order.fields = identity->fields;
  order.venue_id = identity->venue_id;
  order_ = order.venue_id;
  told_.clear();
  std::vector<domain::Order> orders;
  orders.push_back(std::move(order));
  std::shared_ptr<VenueClient::Signing> signing = client_.sign(std::move(orders));
  auto submitting = client_.submit(std::move(signing));
  const std::vector<domain::SubmitAnswered> answers = co_await std::move(submitting);
  const auto* const refused = std::get_if<domain::SubmitRejected>(&answers.front().outcome);
  if (refused != nullptr) {
    checks_.push_back(fails(name, "the venue refused it: " + refused->text,
                            "run order-manager doctor: one of its lines says why"));
    co_return false;
  }
  const bool known = std::holds_alternative<domain::SubmitAccepted>(answers.front().outcome);
  const std::string what = told_of(market, placement);
  checks_.push_back(known ? passes(name, what)
                          : warns(name, what + ": no answer came, and it may be there",
                                  "see whether the next lines find it"));
  co_return true;
}

awaitable<bool> LiveTest::place(Chosen chosen) {
  const Placement placement = *far_order(chosen.market, chosen.book);
  progress_.begin("placing an order far from the market");
  auto sending = send(std::move(chosen.market), placement, domain::TimeInForce::Gtd);
  co_return co_await std::move(sending);
}

awaitable<void> LiveTest::see_resting() {
  progress_.begin("looking for the order by REST and user channel");
  const auto listed = [this](const domain::VenueAccount& account) {
    return std::any_of(account.open_orders.begin(), account.open_orders.end(),
                       [this](const auto& row) { return row.order == order_; });
  };
  const auto seen = [this, listed](const domain::VenueAccount& account) {
    return stopped_ || listed(account);
  };
  const bool by_rest = co_await account_shows(seen, kAnswerWithin);
  if (stopped_) co_return;
  checks_.push_back(by_rest ? passes("listed", "REST lists it among the open orders")
                            : fails("listed", "REST does not list it among the open orders",
                                    "look at the venue's page whether it rests there"));
  const auto told = [this] { return stopped_ || told_.contains(VenueOrderStatus::Live); };
  const bool by_channel = co_await becomes(told, kAnswerWithin);
  if (stopped_) co_return;
  checks_.push_back(by_channel ? passes("told", "the user channel told of it")
                               : fails("told", "the user channel did not tell of it",
                                       "do not trade: fills would be known late, by REST alone"));
}

// However the test has gone so far, and also when it is ended early.
awaitable<void> LiveTest::take_away() {
  progress_.begin("canceling the order");
  const auto gone = [this](const domain::VenueAccount& account) {
    return std::none_of(account.open_orders.begin(), account.open_orders.end(),
                        [this](const auto& row) { return row.order == order_; });
  };
  domain::CancelAnswered last;
  bool by_rest = false;
  for (int tries = 0; tries < kCancelTries && !by_rest; ++tries) {
    std::vector<domain::VenueOrderId> orders(1, order_);
    auto canceling = client_.cancel(std::move(orders));
    const std::vector<domain::CancelAnswered> answers = co_await std::move(canceling);
    if (last.result != domain::CancelAnswered::Result::Canceled) last = answers.front();
    by_rest = co_await account_shows(gone, 3s);
  }
  if (!by_rest) {
    checks_.push_back(
        fails("canceled",
              fmt::format("{} may still rest: {}", domain::to_string(order_),
                          last.text.empty() ? "no answer shows that it ended" : last.text),
              "cancel it at the venue's page; it ends by itself within three minutes"));
    co_return;
  }
  const bool canceled = last.result == domain::CancelAnswered::Result::Canceled;
  checks_.push_back(canceled ? passes("canceled", "the venue says so, and REST lists it no more")
                             : fails("canceled", "it is gone, and not by this cancel: " + last.text,
                                     "look at the venue's page what became of it"));
  const auto told = [this] { return told_.contains(VenueOrderStatus::Canceled); };
  const bool by_channel = co_await becomes(told, kAnswerWithin);
  checks_.push_back(by_channel ? passes("told-canceled", "the user channel told of that, too")
                               : fails("told-canceled", "the user channel did not tell of that",
                                       "do not trade: ends would be known late, by REST alone"));
}

// ---- a fill -------------------------------------------------------------------------------------

awaitable<void> LiveTest::fill(Chosen chosen) {
  progress_.begin("buying the smallest fill");
  auto reading = read_book(chosen.market.yes_token);  // that of before is seconds old
  const std::optional<polymarket::BookSummary> book = co_await std::move(reading);
  const auto smallest = smallest_fill(chosen.market, book.value_or(chosen.book));
  if (const auto* const why_not = std::get_if<std::string>(&smallest)) {
    checks_.push_back(fails("bought", *why_not, "name another market"));
    co_return;
  }
  const auto& placement = std::get<Placement>(smallest);
  const domain::Money limit =
      std::min(*wanted_.fill, config_.settings.account_limits.order_notional_max);
  if (placement.cost() > limit) {
    checks_.push_back(fails("bought",
                            fmt::format("{}: more than --fill or risk.order_notional_max allows",
                                        told_of(chosen.market, placement)),
                            "allow more, or name another market"));
    co_return;
  }
  auto sending = send(std::move(chosen.market), placement, domain::TimeInForce::Fak);
  const bool sent = co_await std::move(sending);
  if (sent) co_await see_filled();
}

awaitable<void> LiveTest::see_filled() {
  progress_.begin("looking for the trade by REST and user channel");
  const auto booked = [this](const domain::VenueAccount& account) {
    bool found = false;
    for (const domain::VenueTrade& trade : account.trades) {
      note(trade);
      found = found || trade.taker_order == order_;
    }
    return found || stopped_;
  };
  const bool by_rest = co_await account_shows(booked, kAnswerWithin);
  if (stopped_) co_return;
  if (!by_rest) {
    checks_.push_back(fails("traded", "REST knows no trade of it",
                            "look at the venue's page: others may have been faster"));
    co_return;
  }
  checks_.push_back(passes("traded", "REST tells of the trade"));
  const auto told = [this] { return stopped_ || trade_told_; };
  const bool by_channel = co_await becomes(told, kAnswerWithin);
  if (stopped_) co_return;
  checks_.push_back(by_channel ? passes("told-traded", "the user channel told of it")
                               : fails("told-traded", "the user channel did not tell of it",
                                       "do not trade: fills would be known late, by REST alone"));
  co_await see_settled();
}

awaitable<void> LiveTest::see_settled() {
  progress_.begin("waiting until the trade is on the chain");
  const auto settled = [this] {
    return stopped_ || trade_ == VenueTradeStatus::Failed || trade_ == VenueTradeStatus::Mined ||
           trade_ == VenueTradeStatus::Confirmed;
  };
  const auto seen = [this, settled](const domain::VenueAccount& account) {
    for (const domain::VenueTrade& trade : account.trades) note(trade);
    return settled();
  };
  (void)co_await account_shows(seen, kSettledWithin);
  if (stopped_) co_return;
  if (trade_ == VenueTradeStatus::Failed) {
    checks_.push_back(fails("settled", "the trade failed on the chain, and nothing was bought",
                            "look at balance and approvals with order-manager doctor"));
  } else if (settled()) {
    checks_.push_back(passes("settled", "it is on the chain; order-manager books it to external"));
  } else {
    checks_.push_back(warns("settled", "it is not on the chain yet",
                            "look at the venue's page in a few minutes"));
  }
}

}  // namespace polybot::order_manager::livetest
