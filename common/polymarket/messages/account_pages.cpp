// Pages and balances of orders.hpp.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "common/polymarket/messages/account_json.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"

namespace polybot::polymarket {
namespace {

// {"limit","count","next_cursor","data":[...]}; a bare array is a last page.
template <class Record, class Read, class ReadUnreadable>
ParseResult<Page<Record>> parse_page(std::string_view text, std::string_view what, Read read,
                                     ReadUnreadable read_unreadable) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, what};
  Page<Record> page;
  const boost::json::array* rows = value->if_array();
  if (rows == nullptr) {
    ObjectReader reader(*value, what);
    page.next_cursor = reader.text("next_cursor");
    rows = reader.array("data");
    if (reader.fault()) return *reader.fault();
    if (rows == nullptr) return ParseError{ParseFault::MissingField, "data"};
  }
  if (rows->size() > kPageItemsMax) return ParseError{ParseFault::TooMany, what};
  for (const boost::json::value& row : *rows) {
    ObjectReader reader(row, what);
    Record record = read(reader);
    if (reader.fault()) {
      page.unreadable.push_back(read_unreadable(row, *reader.fault()));
    } else {
      page.items.push_back(std::move(record));
    }
  }
  return page;
}

template <class Record, class Write>
std::string write_page(const Page<Record>& page, Write write) {
  std::string out;
  ObjectWriter writer(out);
  writer.number("limit", 500)
      .number("count", static_cast<std::int64_t>(page.items.size()))
      .text("next_cursor", page.next_cursor);
  writer.begin("data");
  append_array(page.items, out, [&](const Record& record, std::string& text) {
    ObjectWriter row(text);
    write(record, row);
    row.end();
  });
  writer.end();
  return out;
}

// A base-unit amount; what does not fit is "as much as we can ever count".
std::optional<std::int64_t> parse_saturating(std::string_view digits) {
  if (const auto amount = parse_integer(digits)) return *amount < 0 ? std::nullopt : amount;
  if (!domain::parse_decimal256(digits)) return std::nullopt;
  return std::numeric_limits<std::int64_t>::max();
}

}  // namespace

ParseResult<Page<OrderRecord>> parse_open_orders(std::string_view text) {
  return parse_page<OrderRecord>(
      text, "open orders", [](ObjectReader& reader) { return read_order_record(reader); },
      read_unreadable_order);
}

ParseResult<Page<TradeRecord>> parse_trades(std::string_view text) {
  return parse_page<TradeRecord>(text, "trades", read_trade_record, read_unreadable_trade);
}

std::string write_open_orders(const Page<OrderRecord>& page) {
  return write_page(page, [](const OrderRecord& order, ObjectWriter& row) {
    write_order_members(order, SentAs::Row, row);
  });
}

std::string write_trades(const Page<TradeRecord>& page) {
  return write_page(page, write_trade_members);
}

std::string write_open_order(const OrderRecord& order) {
  std::string out;
  ObjectWriter writer(out);
  write_order_members(order, SentAs::Row, writer);
  writer.end();
  return out;
}

ParseResult<BalanceAllowance> parse_balance_allowance(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "balance-allowance"};
  ObjectReader reader(*value, "balance-allowance");
  BalanceAllowance result;
  result.balance = reader.required(reader.integer("balance"), "balance");
  if (result.balance < 0) reader.fail(ParseFault::BadNumber, "balance");
  if (const boost::json::value* const found = reader.find("allowances")) {
    const boost::json::object* const allowances = found->if_object();
    if (allowances == nullptr) return ParseError{ParseFault::UnexpectedType, "allowances"};
    for (const auto& [spender, amount] : *allowances) {
      const auto address = Address::parse({spender.data(), spender.size()});
      if (!address) reader.fail(ParseFault::BadId, "allowances");
      const boost::json::string* const digits = amount.if_string();
      const auto units =
          digits != nullptr ? parse_saturating({digits->data(), digits->size()}) : std::nullopt;
      if (!units) reader.fail(ParseFault::BadNumber, "allowances");
      result.allowances.emplace_back(address.value_or(Address{}), units.value_or(0));
    }
  }
  return finish(reader, std::move(result));
}

std::string_view asset_type_of(const domain::TokenId& token) {
  constexpr std::size_t kBit103 = 31 - 103 / 8;  // the bytes are big-endian
  constexpr std::size_t kBit40 = 31 - 40 / 8;
  const bool is_position =
      std::all_of(token.bytes.begin() + kBit103, token.bytes.begin() + kBit40 + 1,
                  [](std::uint8_t byte) { return byte == 0; });
  return is_position ? "CONDITIONAL-V2" : "CONDITIONAL";
}

std::string write_balance_allowance(const BalanceAllowance& balance) {
  std::string out;
  ObjectWriter writer(out);
  writer.text("balance", std::to_string(balance.balance));
  writer.begin("allowances");
  ObjectWriter allowances(out);
  for (const auto& [spender, amount] : balance.allowances) {
    allowances.text(to_checksum(spender), std::to_string(amount));
  }
  allowances.end();
  writer.end();
  return out;
}

}  // namespace polybot::polymarket
