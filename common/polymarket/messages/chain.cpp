#include "common/polymarket/messages/chain.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <limits>
#include <system_error>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

using Kind = ChainQuestion::Kind;

constexpr std::string_view kBalanceOf = "0x70a08231";  // the selector of balanceOf(address)
constexpr std::size_t kWordDigits = 64;
constexpr std::size_t kAddressDigits = 40;

std::string json_text(std::string_view text) {
  std::string out;
  append_json_text(text, out);
  return out;
}

std::string_view method_of(Kind kind) {
  switch (kind) {
    case Kind::ChainId:
      return "eth_chainId";
    case Kind::Code:
      return "eth_getCode";
    case Kind::Balance:
      break;
  }
  return "eth_call";
}

std::string parameters_of(const ChainQuestion& question) {
  if (question.kind == Kind::ChainId) return "[]";
  const std::string address = to_checksum(question.address);
  if (question.kind == Kind::Code) return "[" + json_text(address) + ",\"latest\"]";
  std::string call;
  ObjectWriter(call)
      .text("to", to_checksum(question.token))
      .text("data", std::string(kBalanceOf) + std::string(kWordDigits - kAddressDigits, '0') +
                        address.substr(2))
      .end();
  return "[" + call + ",\"latest\"]";
}

// Notes a fault in `reader` where the parameters are not those of the question.
void read_parameters(ObjectReader& reader, ChainQuestion& question) {
  if (question.kind == Kind::ChainId) return;
  const boost::json::array* const params = reader.array("params");
  if (params == nullptr || params->empty()) return reader.fail(ParseFault::MissingField, "params");
  if (question.kind == Kind::Code) {
    const boost::json::string* const text = params->front().if_string();
    const auto address = text ? Address::parse({text->data(), text->size()}) : std::nullopt;
    if (!address) return reader.fail(ParseFault::BadId, "params");
    question.address = *address;
    return;
  }
  ObjectReader call(params->front(), "params");
  const auto token = Address::parse(call.text("to"));
  const std::string data = call.text("data");
  if (call.fault() || !token) return reader.fail(ParseFault::BadId, "params");
  if (!data.starts_with(kBalanceOf) || data.size() != kBalanceOf.size() + kWordDigits)
    return reader.fail(ParseFault::UnknownValue, "data");
  const auto holder = Address::parse("0x" + data.substr(data.size() - kAddressDigits));
  if (!holder) return reader.fail(ParseFault::BadId, "data");
  question.token = *token;
  question.address = *holder;
}

bool is_hex(std::string_view text) {
  return text.starts_with("0x") && std::all_of(text.begin() + 2, text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

}  // namespace

std::string write_chain_question(const ChainQuestion& question) {
  std::string out;
  ObjectWriter(out)
      .text("jsonrpc", "2.0")
      .number("id", 1)
      .text("method", method_of(question.kind))
      .json("params", parameters_of(question))
      .end();
  return out;
}

ParseResult<ChainQuestion> parse_chain_question(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "question"};
  ObjectReader reader(*json, "question");
  const std::string method = reader.text("method");
  ChainQuestion question;
  for (const Kind kind : {Kind::ChainId, Kind::Code, Kind::Balance}) {
    if (method_of(kind) != method) continue;
    question.kind = kind;
    read_parameters(reader, question);
    return finish(reader, question);
  }
  if (!reader.fault()) reader.fail(ParseFault::UnknownValue, "method");
  return finish(reader, question);
}

ParseResult<std::string> parse_chain_answer(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "answer"};
  const boost::json::object* const object = json->if_object();
  if (object == nullptr) return ParseError{ParseFault::UnexpectedType, "answer"};
  // Code is longer than other fields may be.
  const auto* const found = object->if_contains("result");
  const boost::json::string* const hex = found != nullptr ? found->if_string() : nullptr;
  if (hex == nullptr) return ParseError{ParseFault::MissingField, "result"};
  std::string result(hex->data(), hex->size());
  if (!is_hex(result)) return ParseError{ParseFault::BadNumber, "result"};
  return result;
}

std::string write_chain_answer(std::string_view hex) {
  std::string out;
  ObjectWriter(out).text("jsonrpc", "2.0").number("id", 1).text("result", hex).end();
  return out;
}

std::string write_chain_error(std::string_view text) {
  constexpr std::int64_t kInvalidRequest = -32600;
  std::string error;
  ObjectWriter(error).number("code", kInvalidRequest).text("message", text).end();
  std::string out;
  ObjectWriter(out).text("jsonrpc", "2.0").number("id", 1).json("error", error).end();
  return out;
}

std::optional<std::uint64_t> chain_number(std::string_view hex) {
  if (!is_hex(hex) || hex.size() == 2) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(hex.data() + 2, hex.data() + hex.size(), number, 16);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return number;
}

std::string chain_hex(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return "0x" + std::string(digits.data(), end);
}

}  // namespace polybot::polymarket
