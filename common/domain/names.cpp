#include "common/domain/names.hpp"

namespace polybot::domain {

std::string_view name_of(Side side) {
  return side == Side::Buy ? "buy" : "sell";
}
std::string_view name_of(Outcome outcome) {
  return outcome == Outcome::Yes ? "yes" : "no";
}

std::string_view name_of(MarketStatus status) {
  switch (status) {
    case MarketStatus::Active:
      return "active";
    case MarketStatus::Paused:
      return "paused";
    case MarketStatus::Closed:
      return "closed";
    case MarketStatus::Resolved:
      return "resolved";
    case MarketStatus::ReduceOnly:
      return "reduce_only";
  }
  return "unknown";
}

std::string_view name_of(TradingState state) {
  switch (state) {
    case TradingState::Active:
      return "active";
    case TradingState::Reducing:
      return "reducing";
    case TradingState::Halted:
      return "halted";
  }
  return "unknown";
}

std::string_view name_of(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::Gtc:
      return "gtc";
    case TimeInForce::Gtd:
      return "gtd";
    case TimeInForce::Fak:
      return "fak";
    case TimeInForce::Fok:
      return "fok";
  }
  return "unknown";
}

std::string_view name_of(OrderPurpose purpose) {
  switch (purpose) {
    case OrderPurpose::Leg:
      return "leg";
    case OrderPurpose::Quote:
      return "quote";
    case OrderPurpose::Exit:
      return "exit";
    case OrderPurpose::Unwind:
      return "unwind";
    case OrderPurpose::Flatten:
      return "flatten";
  }
  return "unknown";
}

std::string_view name_of(OrderStatus status) {
  switch (status) {
    case OrderStatus::Submitted:
      return "submitted";
    case OrderStatus::Ambiguous:
      return "ambiguous";
    case OrderStatus::Accepted:
      return "accepted";
    case OrderStatus::PartiallyFilled:
      return "partially_filled";
    case OrderStatus::Filled:
      return "filled";
    case OrderStatus::Canceled:
      return "canceled";
    case OrderStatus::Rejected:
      return "rejected";
    case OrderStatus::Expired:
      return "expired";
  }
  return "unknown";
}

std::string_view name_of(LiquiditySide liquidity) {
  return liquidity == LiquiditySide::Maker ? "maker" : "taker";
}

std::string_view name_of(FillStatus status) {
  switch (status) {
    case FillStatus::Matched:
      return "matched";
    case FillStatus::Mined:
      return "mined";
    case FillStatus::Confirmed:
      return "confirmed";
  }
  return "unknown";
}

std::string_view name_of(RejectReason reason) {
  switch (reason) {
    case RejectReason::Other:
      return "other";
    case RejectReason::InvalidPayload:
      return "invalid_payload";
    case RejectReason::InvalidSignature:
      return "invalid_signature";
    case RejectReason::Unauthorized:
      return "unauthorized";
    case RejectReason::TickSize:
      return "tick_size";
    case RejectReason::BelowMinimum:
      return "below_minimum";
    case RejectReason::Duplicated:
      return "duplicated";
    case RejectReason::Crosses:
      return "crosses";
    case RejectReason::Balance:
      return "balance";
    case RejectReason::Expiration:
      return "expiration";
    case RejectReason::MarketNotReady:
      return "market_not_ready";
    case RejectReason::NotFilled:
      return "not_filled";
    case RejectReason::Amounts:
      return "amounts";
    case RejectReason::RateLimited:
      return "rate_limited";
    case RejectReason::TradingDisabled:
      return "trading_disabled";
    case RejectReason::PostOnlyMode:
      return "post_only_mode";
    case RejectReason::NotFoundAtVenue:
      return "not_found_at_venue";
    case RejectReason::Forbidden:
      return "forbidden";
  }
  return "unknown";
}

std::string_view name_of(AmbiguityCause cause) {
  switch (cause) {
    case AmbiguityCause::Timeout:
      return "timeout";
    case AmbiguityCause::ConnectionLost:
      return "connection_lost";
    case AmbiguityCause::ServerError:
      return "server_error";
    case AmbiguityCause::Unparsable:
      return "unparsable";
    case AmbiguityCause::Restarted:
      return "restarted";
  }
  return "unknown";
}

std::string_view name_of(CancelReason reason) {
  switch (reason) {
    case CancelReason::Venue:
      return "venue";
    case CancelReason::Requested:
      return "requested";
    case CancelReason::Operator:
      return "operator";
    case CancelReason::TradingState:
      return "trading_state";
    case CancelReason::LeaseLost:
      return "lease_lost";
    case CancelReason::QuoteStale:
      return "quote_stale";
    case CancelReason::MarketClosed:
      return "market_closed";
    case CancelReason::Shutdown:
      return "shutdown";
    case CancelReason::Resurrected:
      return "resurrected";
    case CancelReason::Ambiguous:
      return "ambiguous";
    case CancelReason::Restored:
      return "restored";
  }
  return "unknown";
}

std::string_view name_of(CommandDenyReason reason) {
  switch (reason) {
    case CommandDenyReason::None:
      return "none";
    case CommandDenyReason::UnknownStrategy:
      return "unknown_strategy";
    case CommandDenyReason::UnknownOrder:
      return "unknown_order";
    case CommandDenyReason::OrderAlreadyTerminal:
      return "order_already_terminal";
    case CommandDenyReason::UnknownMarket:
      return "unknown_market";
    case CommandDenyReason::Expired:
      return "expired";
    case CommandDenyReason::JournalUnavailable:
      return "journal_unavailable";
    case CommandDenyReason::TradingHalted:
      return "trading_halted";
  }
  return "unknown";
}

std::optional<MarketStatus> parse_market_status(std::string_view name) {
  for (const MarketStatus status :
       {MarketStatus::Active, MarketStatus::Paused, MarketStatus::Closed, MarketStatus::Resolved,
        MarketStatus::ReduceOnly}) {
    if (name_of(status) == name) return status;
  }
  return std::nullopt;
}

}  // namespace polybot::domain
