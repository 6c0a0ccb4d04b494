#include "services/order-manager/tools/report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <numeric>
#include <set>

#include "common/runtime/clock.hpp"
#include "services/order-manager/core/views/figures.hpp"

namespace polybot::order_manager {
namespace {

namespace json = boost::json;
using domain::Money;
using domain::OrderStatus;
using domain::Quantity;
using domain::StrategyName;

std::set<StrategyName> strategies_of(const Ledger& ledger) {
  std::set<StrategyName> names;
  for (const auto& [name, counters] : ledger.counters()) names.insert(name);
  for (const auto& [name, positions] : ledger.portfolio().positions()) names.insert(name);
  names.erase(StrategyName{});
  return names;
}

// Orders that have not ended, by strategy and side, counted from the orders themselves.
std::map<StrategyName, std::array<std::uint64_t, 2>> live_orders(const Ledger& ledger) {
  std::map<StrategyName, std::array<std::uint64_t, 2>> live;
  for (const auto& [id, record] : ledger.orders().all()) {
    if (!record.ended()) ++live[record.order.strategy][static_cast<std::size_t>(record.order.side)];
  }
  return live;
}

StrategyCounters counters_of(const Ledger& ledger, const StrategyName& name) {
  const auto found = ledger.counters().find(name);
  return found == ledger.counters().end() ? StrategyCounters{} : found->second;
}

// null when no record says.
json::value account_value(const Ledger& ledger) {
  if (!ledger.account()) return nullptr;
  return json::object{{"address", ledger.account()->address},
                      {"chain_id", ledger.account()->chain_id},
                      {"signature_type", ledger.account()->signature_type},
                      {"owner", ledger.account()->owner}};
}

json::object orders_object(const domain::OrderCounts& counts) {
  json::object object;
  for (const auto status : domain::kEnumerators<OrderStatus>)
    object[name_of(status)] = counts.orders[place_of(status)];
  return object;
}

// Reasons without a denial are left out.
json::object denials_object(const domain::OrderCounts& counts) {
  json::object object;
  for (const auto reason : domain::kEnumerators<domain::DenyReason>) {
    const std::uint64_t count = counts.denials[place_of(reason)];
    if (count > 0) object[name_of(reason)] = count;
  }
  return object;
}

json::object changes_object(const domain::OrderCounts& counts) {
  json::object object;
  for (const auto state : domain::kEnumerators<domain::TradingState>) {
    json::object reasons;
    for (const auto reason : domain::kEnumerators<domain::StateReason>) {
      const std::uint64_t count = counts.state_changes[place_of(state)][place_of(reason)];
      if (count > 0) reasons[name_of(reason)] = count;
    }
    object[name_of(state)] = std::move(reasons);
  }
  return object;
}

json::array positions_array(const Ledger& ledger, const StrategyName& name) {
  json::array rows;
  const auto positions = ledger.portfolio().positions().find(name);
  if (positions == ledger.portfolio().positions().end()) return rows;
  for (const auto& [market, position] : positions->second) {
    const domain::PositionState state = ledger.portfolio().state(name, market);
    rows.push_back(json::object{{"market", domain::to_string(market)},
                                {"slug", slug_of(ledger, market)},
                                {"yes", state.yes.to_string()},
                                {"no", state.no.to_string()},
                                {"yes_cost", state.yes_cost.to_string()},
                                {"no_cost", state.no_cost.to_string()},
                                {"realized", state.realized.to_string()}});
  }
  return rows;
}

json::object strategy_object(const Ledger& ledger, const StrategyName& name) {
  const domain::OrderCounts counts = counts_of(ledger, name);
  const Results results = ledger.portfolio().results(name);
  json::object object;
  object["orders"] = orders_object(counts);
  object["orders_denied"] = counts.denied;
  object["orders_live"] = counts.live;
  object["denials"] = denials_object(counts);
  object["fills"] = counts.fills;
  object["fills_reversed"] = counts.fills_reversed;
  object["state_changes"] = changes_object(counts);
  object["realized"] = results.realized.to_string();
  object["unrealized"] = results.unrealized.to_string();
  object["daily_pnl"] = ledger.portfolio().daily_pnl(name).to_string();
  object["drawdown"] = ledger.portfolio().drawdown(name).to_string();
  object["positions"] = positions_array(ledger, name);
  return object;
}

// Shares of each outcome over all strategies, to compare with the venue's balances. Shares of a
// resolved market count until the venue has paid for them.
json::array holdings_array(const Ledger& ledger) {
  const Portfolio& portfolio = ledger.portfolio();
  std::map<domain::Instrument, Quantity> held;
  for (const auto& [name, positions] : portfolio.positions()) {
    for (const auto& [id, position] : positions) {
      if (portfolio.resolutions().contains(id) && portfolio.claim(id).is_zero()) continue;
      held[{id, domain::Outcome::Yes}] += position.yes.holding().quantity;
      held[{id, domain::Outcome::No}] += position.no.holding().quantity;
    }
  }
  json::array rows;
  for (const auto& [instrument, quantity] : held) {
    if (quantity.is_zero()) continue;
    const domain::Market* market = ledger.market(instrument.market);
    const std::string token =
        market == nullptr ? std::string()
                          : domain::to_string(domain::token_of(*market, instrument.outcome));
    rows.push_back(
        json::object{{"market", domain::to_string(instrument.market)},
                     {"outcome", instrument.outcome == domain::Outcome::Yes ? "yes" : "no"},
                     {"token", token},
                     {"quantity", quantity.to_string()}});
  }
  return rows;
}

json::array restores_array(const Ledger& ledger) {
  json::array rows;
  for (const Ledger::Restore& restore : ledger.restores()) {
    rows.push_back(json::object{{"seq", restore.seq},
                                {"at_ms", domain::to_unix_ms(restore.at)},
                                {"backup_seq", restore.backup_seq},
                                {"backup_at_ms", domain::to_unix_ms(restore.backup_at)},
                                {"lost_seq", restore.lost_seq}});
  }
  return rows;
}

// The comparison with the venue: null before the first.
json::value comparison_value(const Ledger& ledger) {
  if (!ledger.drift_measured()) return nullptr;
  return json::object{{"booked_until_ms", domain::to_unix_ms(ledger.reconciled_until())},
                      {"cash", ledger.drift().cash.to_string()},
                      {"positions", ledger.drift().positions.to_string()}};
}

json::array orders_array(const Ledger& ledger) {
  json::array rows;
  for (const auto& [id, record] : ledger.orders().all()) {
    rows.push_back(json::object{{"id", domain::to_string(id)},
                                {"venue_id", domain::to_string(record.order.venue_id)},
                                {"strategy", record.order.strategy.value},
                                {"salt", record.order.fields.salt},
                                {"ambiguous", record.entered_status(OrderStatus::Ambiguous)},
                                {"status", domain::name_of(record.status)},
                                {"filled", record.filled.to_string()},
                                {"cash", record.filled_cash.to_string()}});
  }
  return rows;
}

std::string restore_text(const Ledger::Restore& restore) {
  return fmt::format("restored at {} (record {}) from a backup of {} (record {}); {}\n",
                     runtime::to_rfc3339(restore.at), restore.seq,
                     runtime::to_rfc3339(restore.backup_at), restore.backup_seq,
                     restore.lost_seq == 0
                         ? std::string("the journal of that time could not be read")
                         : fmt::format("records up to {} were lost", restore.lost_seq));
}

}  // namespace

std::string slug_of(const Ledger& ledger, const domain::MarketId& id) {
  const domain::Market* market = ledger.market(id);
  return market == nullptr ? domain::to_string(id) : market->slug;
}

Totals totals_of(const Ledger& ledger) {
  Totals totals{.counts = counts_of(ledger, std::nullopt)};
  for (const StrategyName& name : strategies_of(ledger)) {
    const StrategyCounters counters = counters_of(ledger, name);
    totals.orders_resurrected += counters.orders_resurrected;
    totals.orders_refused_late += counters.orders_refused_late;
    totals.orders_written_off += counters.orders_written_off;
    totals.fees += counters.fees;
    totals.volume += counters.volume[0] + counters.volume[1];
    totals.pnl += ledger.portfolio().results(name).equity();
  }
  for (const auto& [id, record] : ledger.orders().all()) {
    if (record.status == OrderStatus::Ambiguous) ++totals.orders_ambiguous;
  }
  return totals;
}

std::vector<std::string> broken_identities(const Ledger& ledger) {
  std::vector<std::string> broken;
  auto live = live_orders(ledger);
  for (const StrategyName& name : strategies_of(ledger)) {
    const StrategyCounters counters = counters_of(ledger, name);
    for (const auto side : domain::kEnumerators<domain::Side>) {
      const auto entered = [&](OrderStatus status) {
        return counters.orders[place_of(side)][place_of(status)];
      };
      const std::uint64_t ended = entered(OrderStatus::Filled) + entered(OrderStatus::Canceled) +
                                  entered(OrderStatus::Rejected) + entered(OrderStatus::Expired);
      if (entered(OrderStatus::Submitted) == ended + live[name][place_of(side)]) continue;
      broken.push_back(fmt::format("{} {}: {} submitted, but {} ended and {} live", name.value,
                                   name_of(side), entered(OrderStatus::Submitted), ended,
                                   live[name][place_of(side)]));
    }
    const domain::OrderCounts counts = counts_of(ledger, name);
    const auto reasons =
        std::accumulate(counts.denials.begin(), counts.denials.end(), std::uint64_t{0});
    if (reasons == counts.denied) continue;
    broken.push_back(
        fmt::format("{}: {} denied, but {} by reason", name.value, counts.denied, reasons));
  }
  return broken;
}

std::string text_report(const Ledger& ledger) {
  const Totals totals = totals_of(ledger);
  std::string out = fmt::format("journal {:016x}, record {}, digest {:016x}\n", ledger.journal_id(),
                                ledger.last_seq(), ledger.digest());
  out += fmt::format("mode {}\n", domain::name_of(ledger.mode()));
  if (ledger.account()) out += fmt::format("account {}\n", to_string(*ledger.account()));
  out += fmt::format("cash {} pUSD, unredeemed {} pUSD, P&L {} pUSD\n",
                     ledger.portfolio().cash().to_string(),
                     ledger.portfolio().unredeemed().to_string(), totals.pnl.to_string());
  out += fmt::format("{} fills, {} reversed, volume {} pUSD, fees {} pUSD (confirmed)\n",
                     totals.counts.fills, totals.counts.fills_reversed, totals.volume.to_string(),
                     totals.fees.to_string());
  for (const Ledger::Restore& restore : ledger.restores()) out += restore_text(restore);
  for (const StrategyName& name : strategies_of(ledger)) {
    const domain::OrderCounts counts = counts_of(ledger, name);
    const Results results = ledger.portfolio().results(name);
    out += fmt::format("\n{}\n  realized {}, unrealized {}, today {}, drawdown {}\n  orders:",
                       name.value, results.realized.to_string(), results.unrealized.to_string(),
                       ledger.portfolio().daily_pnl(name).to_string(),
                       ledger.portfolio().drawdown(name).to_string());
    for (const auto status : domain::kEnumerators<OrderStatus>) {
      const std::uint64_t count = counts.orders[place_of(status)];
      if (count != 0) out += fmt::format(" {} {}", name_of(status), count);
    }
    if (counts.denied != 0) out += fmt::format(" denied {}", counts.denied);
    out += "\n";
    for (const auto& [reason, number] : denials_object(counts)) {
      out += fmt::format("  denied {}: {}\n", std::string_view(reason), number.as_uint64());
    }
    for (const json::value& row : positions_array(ledger, name)) {
      const auto& position = row.as_object();
      const auto field = [&](const char* key) {
        return std::string_view(position.at(key).as_string());
      };
      if (field("yes") == "0" && field("no") == "0") continue;
      out += fmt::format("  {}: YES {} (cost {}), NO {} (cost {})\n", field("slug"), field("yes"),
                         field("yes_cost"), field("no"), field("no_cost"));
    }
  }
  return out;
}

std::string json_report(const Ledger& ledger, OrderList orders) {
  const Totals totals = totals_of(ledger);
  json::object counted = orders_object(totals.counts);
  counted["denied"] = totals.counts.denied;
  json::object strategies;
  for (const StrategyName& name : strategies_of(ledger))
    strategies[name.value] = strategy_object(ledger, name);
  json::object report{{"journal_id", fmt::format("{:016x}", ledger.journal_id())},
                      {"account", account_value(ledger)},
                      {"mode", domain::name_of(ledger.mode())},
                      {"sequence", ledger.last_seq()},
                      {"digest", fmt::format("{:016x}", ledger.digest())},
                      {"cash", ledger.portfolio().cash().to_string()},
                      {"unredeemed", ledger.portfolio().unredeemed().to_string()},
                      {"totals", json::object{{"orders", counted},
                                              {"orders_live", totals.counts.live},
                                              {"denials", denials_object(totals.counts)},
                                              {"orders_ambiguous_now", totals.orders_ambiguous},
                                              {"orders_resurrected", totals.orders_resurrected},
                                              {"orders_refused_late", totals.orders_refused_late},
                                              {"orders_written_off", totals.orders_written_off},
                                              {"fills", totals.counts.fills},
                                              {"fills_reversed", totals.counts.fills_reversed},
                                              {"fees", totals.fees.to_string()},
                                              {"volume", totals.volume.to_string()},
                                              {"pnl", totals.pnl.to_string()}}},
                      {"strategies", strategies},
                      {"state_changes", changes_object(counts_of(ledger, StrategyName{}))},
                      {"drift", comparison_value(ledger)},
                      {"restores", restores_array(ledger)},
                      {"holdings", holdings_array(ledger)}};
  if (orders == OrderList::Include) report["orders"] = orders_array(ledger);
  return json::serialize(report);
}

}  // namespace polybot::order_manager
