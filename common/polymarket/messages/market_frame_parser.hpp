// Reads one frame of the market channel into a MarketFrame. Internal to this library.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/polymarket/messages/json_cursor.hpp"
#include "common/polymarket/messages/market_channel.hpp"

namespace polybot::polymarket {

class FrameParser {
 public:
  FrameParser(std::string_view text, MarketFrame& frame) : cursor_(text), frame_(frame) {}

  bool parse();
  [[nodiscard]] const ParseError& error() const { return error_; }

 private:
  using Scalar = JsonCursor::Scalar;
  using Run = MarketFrame::Run;

  // The members of one message that concern us, in the order of kMemberKeys. event_type may come
  // last, so all are kept as text until it is known; only the arrays, whose keys are unmistakable,
  // are read on the way.
  enum Member : std::size_t {
    kMarket,
    kChanges,
    kTimestamp,
    kEventType,
    kToken,
    kBids,
    kAsks,
    kTick,
    kLastTradePrice,
    kPrice,
    kSize,
    kSide,
    kOldTick,
    kNewTick,
    kBestBid,
    kBestAsk,
    kMembers,
  };
  struct Members {
    std::array<Scalar, kMembers> texts;
    std::optional<Run> bids;
    std::optional<Run> asks;
    std::optional<Run> changes;
    // A fault inside an array counts only if the message turns out to be one that needs it.
    std::optional<ParseError> array_fault;
  };

  bool fail(ParseFault fault, std::string_view where) {
    error_ = {fault, where};
    return false;
  }
  bool not_json() { return fail(ParseFault::InvalidJson, "frame"); }

  bool read_message();
  static bool may_change_books(const Scalar& event_type);
  bool read_member(std::size_t i, Members& members);
  bool finish(const Members& members, std::string_view message_text);

  // Reads an array, each element with `read`; on a fault that is not JSON's, notes it in `members`
  // and passes over the array.
  template <class Element>
  bool read_run(std::vector<Element>& pool, std::optional<Run>& run, Members& members,
                bool (FrameParser::*read)(Element&), std::string_view where);
  bool read_level(domain::Level& level);
  bool read_change(PriceChange& change);

  bool add(MarketEvent event, Run first = {}, Run second = {});
  // What every message but the rare ones begins with: market, token if the event has one, time.
  template <class Event>
  bool read_head(const Members& members, Event& event);
  bool add_book(const Members& members);
  bool add_changes(const Members& members);
  bool add_trade(const Members& members);
  bool add_tick_change(const Members& members);
  bool add_best(const Members& members);
  bool add_new_market(std::string_view message_text);
  bool add_resolved(std::string_view message_text);

  bool market(const Scalar& scalar, domain::MarketId& id);
  bool token(const Scalar& scalar, domain::TokenId& id);
  bool timestamp(const Scalar& scalar, domain::Timestamp& at);
  bool trade_price(const Scalar& scalar, std::string_view where, domain::Price& price);
  bool quantity(const Scalar& scalar, std::string_view where, domain::Quantity& quantity);
  bool side(const Scalar& scalar, domain::Side& side);
  bool best(const Scalar& scalar, std::string_view where, std::optional<domain::Price>& price);
  // An absent or empty price is none.
  bool optional_price(const Scalar& scalar, std::string_view where,
                      std::optional<domain::Price>& price);
  void set_spans();

  JsonCursor cursor_;
  MarketFrame& frame_;
  ParseError error_{ParseFault::InvalidJson, "frame"};
};

}  // namespace polybot::polymarket
