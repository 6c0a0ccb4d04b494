#include <fmt/format.h>

#include <array>
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/runtime/clock.hpp"
#include "common/runtime/config.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/report.hpp"

namespace polybot::order_manager {
namespace {

// Each record of the journal, oldest first.
template <class Visit>
void read_all(const Journal& journal, const Visit& visit) {
  journal.read(1, journal.last_seq(), visit);
}

// A field that may hold any text, by RFC 4180.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  return out + '"';
}

// ---- orders -------------------------------------------------------------------------------------

struct ExportedOrder {
  std::uint64_t record = 0;
  domain::Timestamp at{};
  domain::Order order;
  bool has_instrument = true;  // unknown when the signal was denied as a whole
  std::string market;
  domain::Quantity filled;
  domain::Money cash;
  std::string_view status;
  std::string reason;
  std::string_view counted_as = "live";
};

// Why an order is what it is; empty when there is nothing to say. The events of one order.
std::string reason_of(const domain::EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::string {
        using Event = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Event, domain::OrderRejected>) {
          const std::string name(domain::name_of(event.reason));
          return event.text.empty() ? name : name + ": " + event.text;
        } else if constexpr (std::is_same_v<Event, domain::OrderCanceled>) {
          return std::string(domain::name_of(event.reason));
        } else if constexpr (std::is_same_v<Event, domain::OrderAmbiguous>) {
          return std::string(domain::name_of(event.cause));
        } else {
          return {};
        }
      },
      body);
}

class OrderExport {
 public:
  void take(const domain::Event& event) {
    ledger_.apply(event);
    if (const auto* denied = std::get_if<domain::OrderDenied>(&event.body)) {
      ExportedOrder& row = add_denied(event, denied->order, denied->side, denied->reason);
      row.order.instrument = denied->instrument;
      row.has_instrument = true;
      row.market = slug_of(ledger_, denied->instrument.market);
    } else if (const auto* signal = std::get_if<domain::SignalDenied>(&event.body)) {
      for (std::uint32_t leg = 0; leg < signal->buys + signal->sells; ++leg) {
        const auto side = leg < signal->buys ? domain::Side::Buy : domain::Side::Sell;
        add_denied(event, {signal->signal, leg}, side, signal->reason);
      }
    } else if (const auto id = domain::order_of(event.body)) {
      follow(event, *id);
    }
  }

  void print() const {
    fmt::print(
        "record,time,strategy,order,venue_order,market,outcome,side,price,quantity,filled,cash,"
        "purpose,status,reason,counted_as\n");
    for (const ExportedOrder& row : rows_) print(row);
  }

 private:
  ExportedOrder& add_denied(const domain::Event& event, const domain::ClientOrderId& id,
                            domain::Side side, domain::DenyReason reason) {
    ExportedOrder row{.record = event.seq, .at = event.at};
    row.order.id = id;
    row.order.strategy = event.strategy;
    row.order.side = side;
    row.has_instrument = false;
    row.status = row.counted_as = "denied";
    row.reason = domain::name_of(reason);
    return rows_.emplace_back(std::move(row));
  }

  void follow(const domain::Event& event, const domain::ClientOrderId& id) {
    const OrderRecord* record = ledger_.orders().find(id);
    if (record == nullptr) return;
    if (const auto* submitted = std::get_if<domain::OrderSubmitted>(&event.body)) {
      places_[id] = rows_.size();
      rows_.push_back({.record = event.seq, .at = event.at, .order = submitted->order});
      rows_.back().market = slug_of(ledger_, submitted->order.instrument.market);
    }
    const auto place = places_.find(id);
    if (place == places_.end()) return;
    ExportedOrder& row = rows_[place->second];
    row.filled = record->filled;
    row.cash = record->filled_cash;
    row.status = domain::name_of(record->status);
    if (std::string reason = reason_of(event.body); !reason.empty()) row.reason = std::move(reason);
    if (row.counted_as == "live" && record->terminal()) row.counted_as = row.status;
  }

  static void print(const ExportedOrder& row) {
    const domain::Order& order = row.order;
    const bool sent = row.status != "denied";
    fmt::print("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", row.record,
               runtime::to_rfc3339(row.at), order.strategy.value, domain::to_string(order.id),
               sent ? domain::to_string(order.venue_id) : std::string(), csv_field(row.market),
               row.has_instrument ? domain::name_of(order.instrument.outcome) : std::string_view(),
               domain::name_of(order.side), sent ? order.limit.to_string() : std::string(),
               sent ? order.quantity.to_string() : std::string(), row.filled.to_string(),
               row.cash.to_string(), sent ? domain::name_of(order.purpose) : std::string_view(),
               row.status, csv_field(row.reason), row.counted_as);
  }

  Ledger ledger_;
  std::vector<ExportedOrder> rows_;  // as they were submitted or denied
  std::map<domain::ClientOrderId, std::size_t> places_;
};

void print_orders(const Journal& journal) {
  OrderExport orders;
  read_all(journal, [&](const domain::Event& event) { orders.take(event); });
  orders.print();
}

// ---- the others ---------------------------------------------------------------------------------

void print_fills(const Journal& journal) {
  // The last event of a fill comes after it, so these events are read first.
  std::map<domain::FillId, std::string_view> fate;
  Ledger ledger;
  read_all(journal, [&](const domain::Event& event) {
    if (const auto* advanced = std::get_if<domain::FillAdvanced>(&event.body)) {
      fate[advanced->fill] = domain::name_of(advanced->status);
    } else if (const auto* reversed = std::get_if<domain::FillReversed>(&event.body)) {
      fate[reversed->fill] = "reversed";
    }
    ledger.apply(event);
  });
  fmt::print(
      "record,time,strategy,order,trade,market,outcome,side,quantity,cash,fee,liquidity,status\n");
  read_all(journal, [&](const domain::Event& event) {
    const auto* fill = std::get_if<domain::OrderFilled>(&event.body);
    if (fill == nullptr) return;
    const auto found = fate.find(fill->fill);
    fmt::print("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", event.seq,
               runtime::to_rfc3339(fill->matched_at), event.strategy.value,
               domain::to_string(fill->fill.order), fill->fill.trade.value,
               slug_of(ledger, fill->instrument.market), domain::name_of(fill->instrument.outcome),
               domain::name_of(fill->side), fill->quantity.to_string(), fill->cash.to_string(),
               fill->fee.to_string(), domain::name_of(fill->liquidity),
               found == fate.end() ? domain::name_of(fill->status) : found->second);
  });
}

void print_pnl(const Journal& journal) {
  fmt::print("record,time,strategy,realized,unrealized,total,daily,drawdown\n");
  Ledger ledger;
  read_all(journal, [&](const domain::Event& event) {
    ledger.apply(event);
    if (!std::holds_alternative<domain::MarksTaken>(event.body)) return;
    for (const auto& [strategy, counters] : ledger.counters()) {
      if (strategy.value.empty()) continue;
      const Results results = ledger.portfolio().results(strategy);
      fmt::print("{},{},{},{},{},{},{},{}\n", event.seq, runtime::to_rfc3339(event.at),
                 strategy.value, results.realized.to_string(), results.unrealized.to_string(),
                 results.equity().to_string(), ledger.portfolio().daily_pnl(strategy).to_string(),
                 ledger.portfolio().drawdown(strategy).to_string());
    }
  });
}

void print_states(const Journal& journal) {
  fmt::print("record,time,scope,state,reason,by,acknowledged_until,stated_reason\n");
  read_all(journal, [&](const domain::Event& event) {
    const auto* changed = std::get_if<domain::TradingStateChanged>(&event.body);
    if (changed == nullptr) return;
    const bool acknowledged = changed->acknowledged_until != domain::Timestamp{};
    fmt::print(
        "{},{},{},{},{},{},{},{}\n", event.seq, runtime::to_rfc3339(event.at),
        changed->strategy ? std::string_view(changed->strategy->value) : domain::kAllStrategies,
        domain::name_of(changed->state), domain::name_of(changed->reason),
        domain::state_origin_name(changed->reason),
        acknowledged ? runtime::to_rfc3339(changed->acknowledged_until) : std::string(),
        csv_field(changed->stated_reason));
  });
}

void print_commands(const Journal& journal) {
  fmt::print("record,time,command,answer,reason,issuer\n");
  const auto print = [](const domain::Event& event, const domain::CommandId& command,
                        std::string_view answer, domain::CommandDenyReason reason,
                        const std::string& issuer) {
    fmt::print("{},{},{:016x}{:016x},{},{},{}\n", event.seq, runtime::to_rfc3339(event.at),
               command.high, command.low, answer, domain::name_of(reason), issuer);
  };
  read_all(journal, [&](const domain::Event& event) {
    if (const auto* accepted = std::get_if<domain::CommandAccepted>(&event.body)) {
      print(event, accepted->command, "accepted", domain::CommandDenyReason::None,
            accepted->issuer);
    } else if (const auto* denied = std::get_if<domain::CommandDenied>(&event.body)) {
      print(event, denied->command, "denied", denied->reason, denied->issuer);
    }
  });
}

struct Export {
  std::string_view name;
  void (*print)(const Journal&);
};
constexpr std::array kExports = {Export{"orders", print_orders}, Export{"fills", print_fills},
                                 Export{"pnl", print_pnl}, Export{"states", print_states},
                                 Export{"commands", print_commands}};

}  // namespace

int export_csv(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (const std::string& word : arguments) {
    if (word != "--csv")
      words.push_back(word);  // the only format; named so that scripts say what they get
  }
  for (const Export& known : kExports) {
    if (words.size() != 2 || words[0] != known.name) continue;
    known.print(Journal(words[1], JournalAccess::ReadOnly));
    return 0;
  }
  throw runtime::CannotStart(
      "usage: order-manager export orders|fills|pnl|states|commands [--csv] JOURNAL");
}

}  // namespace polybot::order_manager
