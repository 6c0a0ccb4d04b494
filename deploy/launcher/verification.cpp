#include "deploy/launcher/verification.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string_view>

#include "deploy/launcher/json_fields.hpp"

namespace polybot::launcher {
namespace {

namespace json = boost::json;
using domain::Money;
using domain::Price;
using domain::Quantity;

// Walks a path of keys; null when a step is missing.
const json::value* walk(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::object* here = &object;
  const json::value* value = nullptr;
  for (const std::string_view key : path) {
    if (here == nullptr) return nullptr;
    value = here->if_contains(key);
    if (value == nullptr) return nullptr;
    here = value->if_object();
  }
  return value;
}

std::uint64_t number(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::value* value = walk(object, path);
  if (value == nullptr) return 0;
  boost::system::error_code error;
  const auto count = value->to_number<std::uint64_t>(error);
  return error ? 0 : count;
}

template <class Decimal>
Decimal decimal(const json::object& object, std::initializer_list<std::string_view> path) {
  const json::value* value = walk(object, path);
  if (value == nullptr || !value->is_string()) return Decimal{};
  return Decimal::parse(std::string_view(value->as_string())).value_or(Decimal{});
}

// The venue's clock and ours may differ by this much.
constexpr std::int64_t kGapMarginMs = 2'000;
// A lost submission may be executed as late as that: the default of `orders.ambiguous_hold`.
constexpr std::int64_t kLateMs = 30'000;
// The venue rounds fees and shares. order-manager and the alert VenueDrift have the same bound.
constexpr Money kVenueRounding = Money::from_raw(5'000);

// The one account outside the house; the venue of `make run` has a single client.
const json::object* our_account(const json::object& state) {
  const auto accounts = objects_field(state, "accounts");
  return accounts.empty() ? nullptr : &accounts.front().get();
}

// Moves the money and shares of one party of a trade that is matched but not mined.
void settle(VenueTruth& truth, const json::object& party, const std::string& outcome, Money fee) {
  const Money cash = decimal<Money>(party, {"cash"});
  const Quantity quantity = decimal<Quantity>(party, {"quantity"});
  const bool buy = text_field(party, "side") == "BUY";
  truth.cash += buy ? -cash : cash;
  truth.cash -= fee;
  if (buy) {
    truth.holdings[outcome] += quantity;
  } else {
    truth.holdings[outcome] -= quantity;
  }
}

void settle_unmined(VenueTruth& truth, const json::object& trade, std::uint64_t account) {
  const std::string status = text_field(trade, "status");
  if (status != "MATCHED" && status != "RETRYING") return;
  const auto outcome = [&](const json::object& party) {
    return text_field(trade, "market") + ":" + text_field(party, "outcome");
  };
  const auto ours = [&](const json::object& party) {
    return number(party, {"account"}) == account;
  };
  const json::object& taker = object_field(trade, "taker");
  if (ours(taker)) settle(truth, taker, outcome(taker), decimal<Money>(trade, {"fee"}));
  for (const json::object& maker : objects_field(trade, "makers")) {
    if (ours(maker)) settle(truth, maker, outcome(maker), Money{});
  }
}

// The ids of the orders behind a trade that did not fail.
void insert_orders_of(const json::object& trade, std::set<std::string>& orders) {
  if (text_field(trade, "status") == "FAILED") return;
  orders.insert(text_field(object_field(trade, "taker"), "order"));
  for (const json::object& maker : objects_field(trade, "makers"))
    orders.insert(text_field(maker, "order"));
}

std::map<std::string, Quantity> holdings_of(const json::object& object) {
  std::map<std::string, Quantity> holdings;
  for (const json::object& held : objects_field(object, "holdings")) {
    holdings[text_field(held, "market") + ":" + text_field(held, "outcome")] +=
        decimal<Quantity>(held, {"quantity"});
  }
  return holdings;
}

Quantity quantity_of(const std::map<std::string, Quantity>& holdings, const std::string& outcome) {
  const auto found = holdings.find(outcome);
  return found == holdings.end() ? Quantity{} : found->second;
}

// Cash with the shares of resolved markets counted as what they pay.
Money with_payouts(Money cash, const std::map<std::string, Quantity>& holdings,
                   const Payouts& payouts) {
  for (const auto& [outcome, quantity] : holdings) {
    const auto payout = payouts.find(outcome);
    if (payout != payouts.end())
      cash += domain::notional(payout->second, quantity, domain::Rounding::Down);
  }
  return cash;
}

// An order that the venue canceled unfilled while order-manager was away is no longer reported by
// the venue: it has been written off. The journal never heard of an order that came and went
// between a backup and its restore. And an order that is in doubt when everything stops may never
// have reached the venue: the next start finds out.
std::string orders_at_venue(const VenueTruth& venue, const JournalTruth& journal) {
  const bool explained = venue.orders <= journal.orders + journal.written_off + venue.lost &&
                         venue.orders + journal.ambiguous >= journal.orders;
  return std::to_string(explained ? venue.orders : journal.orders);
}

// Shares in markets that are not resolved.
std::string open_shares(const std::map<std::string, Quantity>& holdings, const Payouts& payouts) {
  Quantity total;
  for (const auto& [outcome, quantity] : holdings) {
    if (!payouts.contains(outcome)) total += quantity;
  }
  return total.to_string();
}

// The value of a line `name{labels} value` when it is of the family and has the label text.
std::optional<std::uint64_t> sample(std::string_view line, std::string_view family,
                                    std::string_view label) {
  if (!line.starts_with(family) || line.size() <= family.size() || line[family.size()] != '{')
    return std::nullopt;
  if (line.find(label) == std::string_view::npos) return std::nullopt;
  const std::size_t space = line.rfind(' ');
  double value = 0;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
  return static_cast<std::uint64_t>(value + 0.5);
}

}  // namespace

bool ComparedFigure::equal() const {
  const std::string* first = nullptr;
  for (const std::string* side : {&venue, &journal, &metrics}) {
    if (side->empty()) continue;
    if (first == nullptr) first = side;
    if (*side != *first) return false;
  }
  return true;
}

std::optional<VenueTruth> read_venue(const std::vector<std::string>& pages) {
  VenueTruth truth;
  std::uint64_t account_number = 0;
  bool first = true;
  for (const std::string& page : pages) {
    const json::object state = parse_object(page);
    if (state.empty()) return std::nullopt;
    if (first) {
      first = false;
      const json::object* account = our_account(state);
      if (account == nullptr) return truth;  // there is no account, so nothing was traded
      account_number = number(*account, {"account"});
      truth.orders = number(*account, {"totals", "orders_accepted"});
      truth.fills = number(*account, {"totals", "fills"});
      truth.cash = decimal<Money>(*account, {"cash"});
      truth.holdings = holdings_of(*account);
    }
    for (const json::object& trade : objects_field(state, "trades"))
      settle_unmined(truth, trade, account_number);
  }
  if (first) return std::nullopt;
  return truth;
}

std::set<std::string> read_order_ids(const std::string& report) {
  std::set<std::string> ids;
  const json::object object = parse_object(report);
  for (const json::object& row : objects_field(object, "orders"))
    ids.insert(text_field(row, "venue_id"));
  return ids;
}

bool GapReading::in_gap(std::int64_t created_ms) const {
  return std::any_of(gaps_.begin(), gaps_.end(), [&](const RestoredGap& gap) {
    return gap.backup_at_ms - kGapMarginMs <= created_ms &&
           created_ms <= gap.restored_at_ms + kLateMs + kGapMarginMs;
  });
}

void GapReading::read(const std::string& page) {
  const json::object state = parse_object(page);
  if (const json::object* ours = our_account(state)) account_ = number(*ours, {"account"});
  for (const json::object& order : objects_field(state, "orders")) {
    if (!account_) continue;
    const std::string id = text_field(order, "id");
    const auto created = static_cast<std::int64_t>(number(order, {"created_ms"}));
    if (number(order, {"account"}) != *account_ || !in_gap(created) || known_.contains(id))
      continue;
    const std::string status = text_field(order, "status");
    if (status == "live" || status == "delayed") {
      ended_.erase(id);
    } else {
      ended_.insert(id);
    }
  }
  for (const json::object& row : objects_field(state, "trades")) insert_orders_of(row, filled_);
}

std::uint64_t GapReading::lost() const {
  return static_cast<std::uint64_t>(std::count_if(
      ended_.begin(), ended_.end(), [&](const std::string& id) { return !filled_.contains(id); }));
}

std::optional<JournalTruth> read_journal(const std::string& report) {
  const json::object object = parse_object(report);
  if (walk(object, {"totals", "orders"}) == nullptr) return std::nullopt;
  JournalTruth truth;
  truth.submitted = number(object, {"totals", "orders", "submitted"});
  const std::uint64_t rejected = number(object, {"totals", "orders", "rejected"});
  const std::uint64_t written_off = number(object, {"totals", "orders_written_off"});
  const std::uint64_t resurrected = number(object, {"totals", "orders_resurrected"});
  // Rejected orders were never there, except those that turned up again or were held back first.
  truth.orders =
      truth.submitted - rejected + resurrected + number(object, {"totals", "orders_refused_late"});
  // Orders that the venue itself had rejected turn up again, too.
  truth.written_off = written_off - std::min(written_off, resurrected);
  truth.ambiguous = number(object, {"totals", "orders_ambiguous_now"});
  truth.fills_booked = number(object, {"totals", "fills"});
  truth.fills = truth.fills_booked - number(object, {"totals", "fills_reversed"});
  truth.cash = decimal<Money>(object, {"cash"});
  truth.pnl = decimal<Money>(object, {"totals", "pnl"});
  truth.holdings = holdings_of(object);
  for (const json::object& restore : objects_field(object, "restores")) {
    truth.gaps.push_back(
        {.backup_at_ms = static_cast<std::int64_t>(number(restore, {"backup_at_ms"})),
         .restored_at_ms = static_cast<std::int64_t>(number(restore, {"at_ms"}))});
  }
  if (const json::value* drift = object.if_contains("drift"); drift && drift->is_object()) {
    truth.last_look = {.booked_until_ms = static_cast<std::int64_t>(
                           number(drift->as_object(), {"booked_until_ms"})),
                       .cash = decimal<Money>(drift->as_object(), {"cash"}),
                       .positions = decimal<Money>(drift->as_object(), {"positions"})};
  }
  return truth;
}

std::optional<MetricsTruth> read_metrics(const std::string& exposition) {
  if (exposition.find("polybot_orders_total") == std::string::npos) return std::nullopt;
  MetricsTruth truth;
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    truth.submitted += sample(line, "polybot_orders_total", "status=\"submitted\"").value_or(0);
    truth.fills_booked += sample(line, "polybot_fills_total", "strategy=").value_or(0);
  }
  return truth;
}

void read_payouts(const std::string& page, Payouts& payouts) {
  const json::object object = parse_object(page);
  for (const json::object& market : objects_field(object, "markets")) {
    if (text_field(market, "umaResolutionStatus") != "resolved") continue;
    // Gamma writes arrays as JSON text inside strings.
    boost::system::error_code error;
    const json::value prices = json::parse(text_field(market, "outcomePrices"), error);
    if (error || !prices.is_array() || prices.as_array().size() != 2) continue;
    constexpr std::array<std::string_view, 2> kOutcomes = {":yes", ":no"};
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
      const json::string* price_text = prices.as_array()[i].if_string();
      const auto price =
          price_text == nullptr ? std::nullopt : Price::parse(std::string_view(*price_text));
      if (price) payouts[text_field(market, "conditionId").append(kOutcomes[i])] = *price;
    }
  }
}

std::vector<std::string> differing_outcomes(const VenueTruth& venue, const JournalTruth& journal) {
  std::set<std::string> outcomes;
  for (const auto& [outcome, quantity] : venue.holdings) outcomes.insert(outcome);
  for (const auto& [outcome, quantity] : journal.holdings) outcomes.insert(outcome);
  std::vector<std::string> differing;
  for (const std::string& outcome : outcomes) {
    if (quantity_of(venue.holdings, outcome) != quantity_of(journal.holdings, outcome))
      differing.push_back(outcome);
  }
  return differing;
}

std::vector<ComparedFigure> compare(const VenueTruth& venue, const JournalTruth& journal,
                                    const MetricsTruth& metrics, const Payouts& payouts) {
  std::vector<ComparedFigure> figures;
  const auto count = [](std::uint64_t value) { return std::to_string(value); };
  figures.push_back(
      {"orders at the venue", count(venue.orders), orders_at_venue(venue, journal), ""});
  figures.push_back({"orders submitted", "", count(journal.submitted), count(metrics.submitted)});
  figures.push_back({"fills", count(venue.fills), count(journal.fills), ""});
  figures.push_back({"fills booked", "", count(journal.fills_booked), count(metrics.fills_booked)});
  figures.push_back({"cash and claims",
                     with_payouts(venue.cash, venue.holdings, payouts).to_string(),
                     with_payouts(journal.cash, journal.holdings, payouts).to_string(), ""});
  figures.push_back(
      {"shares", open_shares(venue.holdings, payouts), open_shares(journal.holdings, payouts), ""});
  for (const std::string& outcome : differing_outcomes(venue, journal)) {
    if (payouts.contains(outcome)) continue;
    figures.push_back({outcome, quantity_of(venue.holdings, outcome).to_string(),
                       quantity_of(journal.holdings, outcome).to_string(), ""});
  }
  return figures;
}

std::vector<ComparedFigure> compare_live(const JournalTruth& journal, const MetricsTruth& metrics) {
  const auto count = [](std::uint64_t value) { return std::to_string(value); };
  std::vector<ComparedFigure> figures{
      {"orders submitted", "", count(journal.submitted), count(metrics.submitted)},
      {"fills booked", "", count(journal.fills_booked), count(metrics.fills_booked)}};
  if (!journal.last_look) return figures;
  const LastLook& look = *journal.last_look;
  const bool rounded = std::abs(look.cash.raw()) <= kVenueRounding.raw();
  const Money cash = rounded ? journal.cash : journal.cash + look.cash;
  figures.push_back({"cash", cash.to_string(), journal.cash.to_string(), ""});
  figures.push_back({"shares that differ", look.positions.to_string(), "0", ""});
  return figures;
}

}  // namespace polybot::launcher
