#include "services/order-manager/event_log.hpp"

#include <cstdlib>
#include <string>

#include "common/polymarket/messages/income.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"

namespace polybot::order_manager {
namespace {

namespace log = runtime::log;

constexpr domain::Money kRounding = domain::Money::from_raw(5'000);  // the venue's; as VenueDrift

struct Writer {
  const domain::Event& event;
  const Ledger& ledger;

  std::string market(const domain::MarketId& id) const {
    const domain::Market* found = ledger.market(id);
    return found == nullptr ? domain::to_string(id) : found->slug;
  }
  std::string trace() const { return domain::to_string(event.trace); }
  const std::string& strategy() const { return event.strategy.value; }

  void operator()(const domain::OrderSubmitted& body) const {
    const domain::Order& order = body.order;
    log::info("Order submitted", {{"order_id", domain::to_string(order.id)},
                                  {"venue_order_id", domain::to_string(order.venue_id)},
                                  {"strategy", strategy()},
                                  {"market", market(order.instrument.market)},
                                  {"outcome", domain::name_of(order.instrument.outcome)},
                                  {"side", domain::name_of(order.side)},
                                  {"price", order.limit},
                                  {"quantity", order.quantity},
                                  {"trace_id", trace()}});
  }
  void operator()(const domain::OrderFilled& body) const {
    const auto price = domain::average_price(body.cash, body.quantity);
    log::info("Order filled", {{"order_id", domain::to_string(body.fill.order)},
                               {"strategy", strategy()},
                               {"market", market(body.instrument.market)},
                               {"outcome", domain::name_of(body.instrument.outcome)},
                               {"side", domain::name_of(body.side)},
                               {"fill_price", price.value_or(domain::Price{})},
                               {"quantity", body.quantity},
                               {"fee", body.fee},
                               {"trade_id", body.fill.trade.value},
                               {"trace_id", trace()}});
    const OrderRecord* order = ledger.orders().find(body.fill.order);
    if (order == nullptr || order->filled <= order->order.quantity) return;
    log::info("An order was filled beyond its size",
              {{"order_id", domain::to_string(body.fill.order)},
               {"strategy", strategy()},
               {"quantity", order->order.quantity},
               {"filled", order->filled}});
  }
  void operator()(const domain::OrderRejected& body) const {
    if (body.reason == domain::RejectReason::Forbidden) {
      log::error("The venue refuses orders from this region or address; none are sent for a while",
                 {{"reason", body.text}});
    }
    log::warning("Order rejected", {{"order_id", domain::to_string(body.order)},
                                    {"strategy", strategy()},
                                    {"reason", body.text},
                                    {"trace_id", trace()}});
  }
  void operator()(const domain::OrderAmbiguous& body) const {
    log::warning("Order ambiguous: the venue may or may not have it",
                 {{"order_id", domain::to_string(body.order)},
                  {"strategy", strategy()},
                  {"trace_id", trace()}});
  }
  void operator()(const domain::OrderResurrected& body) const {
    log::error("Order resurrected: the venue shows an order that had left no trace",
               {{"order_id", domain::to_string(body.order)},
                {"strategy", strategy()},
                {"trace_id", trace()}});
  }
  void operator()(const domain::OrderCanceled& body) const {
    order_line(log::Level::Info, "Order canceled", body.order);
  }
  void operator()(const domain::OrderExpired& body) const {
    order_line(log::Level::Info, "Order expired", body.order);
  }
  void operator()(const domain::SignalDenied& body) const {
    denied("Signal denied", body.signal, body.reason);
  }
  void operator()(const domain::OrderDenied& body) const {
    denied("Order denied", body.order.signal, body.reason);
  }
  void operator()(const domain::FillReversed& body) const {
    log::warning("Fill reversed: the trade failed",
                 {{"order_id", domain::to_string(body.fill.order)},
                  {"strategy", strategy()},
                  {"trade_id", body.fill.trade.value},
                  {"trace_id", trace()}});
  }
  void operator()(const domain::LegsImbalanced& body) const {
    log::warning("Legs are not level",
                 {{"strategy", strategy()}, {"signal", domain::to_string(body.signal)}});
  }
  void operator()(const domain::LegsLevelled& body) const {
    log::info("Legs are level",
              {{"strategy", strategy()}, {"signal", domain::to_string(body.signal)}});
  }
  void operator()(const domain::MarketResolved& body) const {
    log::info("Market resolved", {{"market", market(body.market)}, {"yes_pays", body.payout.yes}});
  }
  void operator()(const domain::ClaimPaid& body) const {
    log::info("Claim paid", {{"market", market(body.market)}, {"cash", body.cash}});
  }
  void operator()(const domain::CashMoved& body) const {
    if (body.amount == body.balance) {
      log::info("The account's first balance is booked", {{"balance", body.balance}});
    } else {
      log::warning("Cash moved without an order of ours",
                   {{"amount", body.amount}, {"balance", body.balance}});
    }
  }
  void operator()(const domain::HoldingOpened& body) const {
    log::info("The account had shares before",
              {{"market", market(body.instrument.market)},
               {"outcome", domain::name_of(body.instrument.outcome)},
               {"quantity", body.quantity},
               {"value", body.value}});
  }
  void operator()(const domain::IncomeBooked& body) const {
    log::info("The venue has paid income", {{"kind", domain::name_of(body.kind)},
                                            {"date", polymarket::date_text(body.date)},
                                            {"amount", body.amount}});
  }
  void operator()(const domain::DriftMeasured& body) const {
    if (body.cash.is_zero() && body.positions.is_zero()) return;
    const bool is_rounding =
        body.positions.is_zero() && domain::Money::from_raw(std::abs(body.cash.raw())) <= kRounding;
    log::write(is_rounding ? log::Level::Info : log::Level::Error, "Venue and book differ",
               {{"cash", body.cash}, {"positions", body.positions}, {"missing", body.missing}});
  }
  void operator()(const domain::DayOpened&) const { log::info("Day opened"); }
  void operator()(const domain::TradingStateChanged& body) const {
    log::warning("Trading state changed",
                 {{"strategy", body.strategy ? body.strategy->value : std::string("all")},
                  {"state", domain::name_of(body.state)},
                  {"reason", domain::name_of(body.reason)},
                  {"by", domain::state_origin_name(body.reason)},
                  {"stated_reason", body.stated_reason},
                  {"acknowledged_until", body.acknowledged_until == domain::Timestamp{}
                                             ? std::string()
                                             : runtime::to_rfc3339(body.acknowledged_until)}});
  }
  void operator()(const domain::StrategySwitched& body) const {
    log::info(body.enabled ? "Strategy started" : "Strategy stopped",
              {{"strategy", body.strategy.value}});
  }
  void operator()(const domain::LeaseGranted& body) const {
    log::info("Lease granted", {{"strategy", body.strategy.value},
                                {"runner", body.replica.value},
                                {"shards", __builtin_popcountll(body.shards)}});
  }
  void operator()(const domain::FlattenBegun& body) const {
    log::info("Flatten begun", {{"strategy", body.strategy ? body.strategy->value : "all"}});
  }
  void operator()(const domain::FlattenEnded& body) const {
    if (body.left.empty()) log::info("Flatten ended: nothing is left");
    for (const auto& left : body.left) {
      log::warning("Flatten ended and left something",
                   {{"strategy", left.strategy.value},
                    {"market", market(left.instrument.market)},
                    {"outcome", domain::name_of(left.instrument.outcome)},
                    {"quantity", left.quantity},
                    {"reason", domain::name_of(left.reason)}});
    }
  }
  // Steps between the lines above, at debug level. They are on the way of an order, so no text is
  // built that is not written.
  void operator()(const domain::SignalAccepted& body) const {
    if (!log::enabled(log::Level::Debug)) return;
    log::debug("Signal accepted", {{"signal", domain::to_string(body.signal)},
                                   {"strategy", strategy()},
                                   {"trace_id", trace()}});
  }
  void operator()(const domain::OrderAccepted& body) const {
    order_line(log::Level::Debug, "Order accepted by the venue", body.order);
  }
  void operator()(const domain::FillAdvanced& body) const {
    if (!log::enabled(log::Level::Debug)) return;
    log::debug("Fill settles", {{"order_id", domain::to_string(body.fill.order)},
                                {"trade_id", body.fill.trade.value},
                                {"confirmed", body.status == domain::FillStatus::Confirmed}});
  }
  void operator()(const domain::CancelRequested& body) const {
    order_line(log::Level::Debug, "Cancel requested", body.order);
  }
  void operator()(const domain::OrderCancelRejected& body) const {
    if (!log::enabled(log::Level::Debug)) return;
    log::debug("Cancel rejected", {{"order_id", domain::to_string(body.order)},
                                   {"reason", body.text},
                                   {"strategy", strategy()}});
  }
  void operator()(const domain::MarketRecorded& body) const {
    log::debug("Market recorded", {{"market", body.market.slug}});
  }
  void operator()(const domain::MarksTaken&) const {}
  void operator()(const domain::AccountReconciled& body) const {
    log::debug("Account reconciled", {{"until", body.until}});
  }
  void operator()(const domain::JournalOpened&) const {}
  void operator()(const domain::ManagerStarted&) const {}
  void operator()(const domain::CommandAccepted&) const {}
  void operator()(const domain::CommandDenied&) const {}
  // A restore is recorded offline; the next start logs it (service.cpp).
  void operator()(const domain::JournalRestored&) const {}

 private:
  void order_line(log::Level level, std::string_view message,
                  const domain::ClientOrderId& order) const {
    if (!log::enabled(level)) return;
    log::write(
        level, message,
        {{"order_id", domain::to_string(order)}, {"strategy", strategy()}, {"trace_id", trace()}});
  }
  void denied(std::string_view message, const domain::SignalId& signal,
              domain::DenyReason reason) const {
    log::info(message, {{"signal", domain::to_string(signal)},
                        {"strategy", strategy()},
                        {"reason", domain::name_of(reason)},
                        {"trace_id", trace()}});
  }
};

}  // namespace

void EventLog::write(const domain::StreamedEvent& event, const Ledger& ledger) {
  std::visit(Writer{event.event, ledger}, event.event.body);
}

}  // namespace polybot::order_manager
