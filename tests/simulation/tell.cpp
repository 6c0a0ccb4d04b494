#include "tests/simulation/tell.hpp"

#include <array>

#include "common/domain/order_table.hpp"

namespace polybot::simulation {
namespace {

namespace om = order_manager;

std::string short_id(const domain::VenueOrderId& id) {
  return domain::to_string(id).substr(0, 50);
}

struct TellEvent {
  std::string operator()(const domain::OrderSubmitted& body) const {
    const domain::Order& order = body.order;
    return domain::to_string(order.id) + " " + std::string(domain::name_of(order.side)) + " " +
           order.quantity.to_string() + " at " + order.limit.to_string() + ", venue id " +
           short_id(order.venue_id);
  }
  std::string operator()(const domain::OrderFilled& body) const {
    return domain::to_string(body.fill.order) + " " + body.quantity.to_string() + " for " +
           body.cash.to_string() + ", trade " + body.fill.trade.value + " status " +
           std::to_string(static_cast<int>(body.status));
  }
  std::string operator()(const domain::OrderRejected& body) const {
    return domain::to_string(body.order) + " reason " +
           std::to_string(static_cast<int>(body.reason)) + " " + body.text;
  }
  std::string operator()(const domain::SignalDenied& body) const {
    return domain::to_string(body.signal) + " " + std::string(domain::name_of(body.reason));
  }
  std::string operator()(const domain::MarketResolved& body) const {
    return domain::to_string(body.market) + " yes pays " + body.payout.yes.to_string();
  }
  std::string operator()(const domain::ClaimPaid& body) const {
    return domain::to_string(body.market) + " " + body.cash.to_string();
  }
  std::string operator()(const domain::CashMoved& body) const { return body.amount.to_string(); }
  std::string operator()(const domain::HoldingOpened& body) const {
    return domain::to_string(body.instrument.market) + " " + body.quantity.to_string();
  }
  std::string operator()(const domain::IncomeBooked& body) const { return body.amount.to_string(); }
  std::string operator()(const domain::DriftMeasured& body) const {
    return "cash " + body.cash.to_string() + ", positions " + body.positions.to_string();
  }
  std::string operator()(const domain::AccountReconciled& body) const {
    return "until " + std::to_string(domain::to_unix_ms(body.until));
  }
  template <class Body>
  std::string operator()(const Body& body) const {
    if constexpr (requires { body.fill.order; }) {
      return domain::to_string(body.fill.order) + " trade " + body.fill.trade.value;
    } else if constexpr (requires { body.order.signal; }) {
      return domain::to_string(body.order);
    } else if constexpr (requires { body.signal.counter; }) {
      return domain::to_string(body.signal);
    } else {
      return {};
    }
  }
};

struct TellInput {
  std::string operator()(const domain::SubmitAnswered& answer) const {
    static constexpr std::array<const char*, 3> kOutcomes{"accepted", "rejected", "ambiguous"};
    return "submit " + short_id(answer.order) + " is " + kOutcomes[answer.outcome.index()];
  }
  std::string operator()(const domain::CancelAnswered& answer) const {
    static constexpr std::array<const char*, 4> kResults{"canceled", "not canceled", "not found",
                                                         "unknown"};
    return "cancel " + short_id(answer.order) + ": " +
           kResults[static_cast<std::size_t>(answer.result)];
  }
  std::string operator()(const domain::VenueOrderUpdate& update) const {
    return "venue order " + short_id(update.order) + " status " +
           std::to_string(static_cast<int>(update.status)) + " matched " +
           update.matched_quantity.to_string();
  }
  std::string operator()(const domain::VenueTrade& trade) const {
    std::string text = "venue trade " + trade.id.value + " status " +
                       std::to_string(static_cast<int>(trade.status)) + " taker " +
                       short_id(trade.taker_order);
    for (const auto& maker : trade.makers)
      text += " maker " + short_id(maker.order) + " " + maker.quantity.to_string();
    return text;
  }
  std::string operator()(const domain::VenueAccount& account) const {
    return "account as of " + std::to_string(domain::to_unix_ms(account.read_at) % 100'000'000) +
           ": " + std::to_string(account.open_orders.size()) + " orders, " +
           std::to_string(account.trades.size()) + " trades, cash " +
           account.collateral.to_string();
  }
  std::string operator()(const om::AccountReadFailed&) const { return "account could not be read"; }
  std::string operator()(const om::VenueSessionChanged& change) const {
    constexpr std::array kChannels = {"user channel", "rest", "heartbeat"};
    return std::string(kChannels.at(static_cast<std::size_t>(change.channel))) +
           (change.link == om::Link::Up ? " up" : " down");
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string tell(const domain::StreamedEvent& record) {
  std::string text = "journal " + std::to_string(record.event.seq) + " " +
                     std::string(domain::event_kind_name(record.event.body.index())) + " " +
                     record.event.strategy.value + " " + std::visit(TellEvent{}, record.event.body);
  if (record.status) text += " -> " + std::string(domain::name_of(*record.status));
  return text;
}

std::string tell(const om::Input& input) {
  return std::visit(TellInput{}, input);
}

}  // namespace polybot::simulation
