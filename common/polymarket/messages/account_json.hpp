// How order and trade records stand in JSON objects: shared by the user channel, which wraps them
// in events, and REST, which lists them in pages. Internal to this library.
#pragma once

#include <boost/json/value.hpp>
#include <optional>

#include "common/polymarket/messages/account_records.hpp"

namespace polybot::polymarket {

class ObjectReader;
class ObjectWriter;

// Faults are left in the reader. `unsaid`: the status of an order that names none.
[[nodiscard]] OrderRecord read_order_record(
    ObjectReader& reader, std::optional<domain::VenueOrderStatus> unsaid = std::nullopt);
[[nodiscard]] TradeRecord read_trade_record(ObjectReader& reader);
// What a row with a fault still tells.
[[nodiscard]] UnreadableRow read_unreadable_order(const boost::json::value& row,
                                                  const ParseError& error);
[[nodiscard]] UnreadableRow read_unreadable_trade(const boost::json::value& row,
                                                  const ParseError& error);
// Where a record is sent: pages have the time of an order as a number, the channel as text.
enum class SentAs : std::uint8_t { Row, Event };
// The members only; the caller opens and ends the object.
void write_order_members(const OrderRecord& order, SentAs sent, ObjectWriter& writer);
void write_trade_members(const TradeRecord& trade, ObjectWriter& writer);

}  // namespace polybot::polymarket
