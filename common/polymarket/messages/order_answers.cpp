// Answers of orders.hpp: what the venue's words about an order or a cancel mean.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"

namespace polybot::polymarket {
namespace {

using domain::AmbiguityCause;
using domain::RejectReason;
using domain::SubmitAccepted;
using domain::SubmitAmbiguous;
using domain::SubmitOutcome;
using domain::SubmitRejected;

bool is_success(unsigned http_status) {
  return http_status >= 200 && http_status <= 299;
}

// Cuts at a character boundary, so that the text stays valid UTF-8.
std::string bounded(std::string_view text) {
  if (text.size() <= kRefusalTextBytesMax) return std::string(text);
  std::size_t size = kRefusalTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return std::string(text.substr(0, size));
}

// A definite refusal made of a known text; empty when the text proves nothing.
std::optional<SubmitRejected> definite_refusal(std::string_view text) {
  const auto reason = known_refusal(text);
  if (!reason || *reason == RejectReason::Duplicated) return std::nullopt;
  return SubmitRejected{*reason, bounded(text)};
}

std::optional<SubmitAccepted::State> parse_state(std::string_view status) {
  if (status == "live") return SubmitAccepted::State::Live;
  if (status == "matched") return SubmitAccepted::State::Matched;
  if (status == "delayed") return SubmitAccepted::State::Delayed;
  return std::nullopt;
}

// What one element of a successful answer says of the order it answers.
SubmitOutcome read_placement(const boost::json::value& value, const domain::VenueOrderId& order,
                             const SubmitAmbiguous& unclear) {
  ObjectReader reader(value, "order answer");
  const bool success = reader.flag("success");
  std::string error = reader.text("errorMsg");
  if (error.empty()) error = reader.text("error");
  const std::string id = reader.text("orderID");
  const auto state = parse_state(reader.text("status"));
  SubmitAccepted accepted;
  for (std::string& trade : reader.texts("tradeIDs")) {
    if (trade.empty() || trade.size() > domain::kTradeIdBytesMax) return unclear;
    accepted.trades.push_back({std::move(trade)});
  }
  if (reader.fault()) return unclear;
  if (error.empty()) {
    if (!success || !state || domain::parse_hex<domain::VenueOrderId>(id) != order) return unclear;
    accepted.state = *state;
    return accepted;
  }
  if (success && !id.empty()) return unclear;
  if (auto refusal = definite_refusal(error)) return *refusal;
  return unclear;
}

// The title of an HTML page, which a proxy may answer with.
std::string_view title_of(std::string_view page) {
  constexpr std::string_view kBegin = "<title>";
  const std::size_t begin = page.find(kBegin);
  if (begin == std::string_view::npos) return {};
  const std::string_view title = page.substr(begin + kBegin.size());
  return title.substr(0, title.find('<'));
}

// An answer that refuses the request before the order was looked at, by the venue or by a proxy
// before it; empty when the status does not say so.
std::optional<SubmitOutcome> refused_at_the_door(unsigned http_status, std::string_view body,
                                                 const std::optional<std::string>& text) {
  if (http_status != 401 && http_status != 403 && http_status != 451) return std::nullopt;
  if (text && known_refusal(*text)) return std::nullopt;  // the words say more
  const std::string said = text ? *text : std::string(title_of(body));
  const auto reason = http_status == 401 ? RejectReason::Unauthorized : RejectReason::Forbidden;
  return SubmitRejected{reason, bounded("HTTP " + std::to_string(http_status) + ": " + said)};
}

// What the HTTP answer says of every order in the request; empty when its body has to be read.
std::optional<SubmitOutcome> read_status(unsigned http_status, std::string_view body,
                                         SubmitAmbiguous unclear) {
  if (is_success(http_status)) return std::nullopt;
  const auto text = parse_error_body(body);
  if (http_status == 429) {
    return SubmitRejected{RejectReason::RateLimited, bounded(text.value_or("rate limited"))};
  }
  if (auto refused = refused_at_the_door(http_status, body, text)) return refused;
  const bool may_be_definite =
      (http_status >= 400 && http_status <= 499 && http_status != 425) || http_status == 503;
  if (may_be_definite && text) {
    if (auto refusal = definite_refusal(*text)) return *refusal;
  }
  const bool server_error = http_status >= 500 || http_status == 425;
  unclear.cause = server_error ? AmbiguityCause::ServerError : AmbiguityCause::Unparsable;
  return unclear;
}

}  // namespace

SubmitOutcome read_order_answer(unsigned http_status, std::string_view body,
                                const domain::VenueOrderId& order, domain::Timestamp last_byte_at) {
  const SubmitAmbiguous unclear{AmbiguityCause::Unparsable, last_byte_at};
  if (auto outcome = read_status(http_status, body, unclear)) return *outcome;
  const auto value = parse_json(body);
  if (!value) return unclear;
  return read_placement(*value, order, unclear);
}

std::vector<domain::SubmitAnswered> read_orders_answer(unsigned http_status, std::string_view body,
                                                       std::span<const domain::VenueOrderId> orders,
                                                       domain::Timestamp last_byte_at) {
  const SubmitAmbiguous unclear{AmbiguityCause::Unparsable, last_byte_at};
  const auto common = read_status(http_status, body, unclear);
  const auto value = common ? std::nullopt : parse_json(body);
  const boost::json::array* const elements = value ? value->if_array() : nullptr;
  std::vector<domain::SubmitAnswered> answers;
  answers.reserve(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (common) {
      answers.push_back({orders[i], *common});
    } else if (elements != nullptr && i < elements->size()) {
      answers.push_back({orders[i], read_placement((*elements)[i], orders[i], unclear)});
    } else {
      answers.push_back({orders[i], unclear});
    }
  }
  return answers;
}

void write_placement(const PlacementResponse& response, std::string& out) {
  std::vector<std::string> trades;
  for (const domain::TradeId& trade : response.trades) trades.push_back(trade.value);
  ObjectWriter writer(out);
  writer.flag("success", response.success)
      .text("errorMsg", response.error)
      .text("orderID", response.id ? to_string(*response.id) : "")
      .text("status", response.status)
      .text("makingAmount", response.making_amount ? response.making_amount->to_string() : "")
      .text("takingAmount", response.taking_amount ? response.taking_amount->to_string() : "")
      .json("tradeIDs", json_texts(trades))
      .json("transactionsHashes", "[]")
      .end();
}

std::string write_error(std::string_view text) {
  std::string out;
  ObjectWriter(out).text("error", text).end();
  return out;
}

std::string write_error(std::string_view text, std::string_view code,
                        std::uint32_t retry_after_seconds) {
  std::string out;
  ObjectWriter(out)
      .text("error", text)
      .text("code", code)
      .number("retry_after_seconds", retry_after_seconds)
      .end();
  return out;
}

std::optional<std::string> parse_error_body(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return std::nullopt;
  if (const boost::json::string* const bare = value->if_string()) {
    if (bare->empty()) return std::nullopt;
    return std::string(bare->data(), bare->size());
  }
  ObjectReader reader(*value, "error");
  for (const std::string_view key : {"error", "errorMsg", "error_msg", "message"}) {
    std::string error = reader.text(key);
    if (!error.empty()) return error;
  }
  return std::nullopt;
}

domain::CancelAnswered cancel_result(const CancelAnswer& answer,
                                     const domain::VenueOrderId& order) {
  using Result = domain::CancelAnswered::Result;
  for (const domain::VenueOrderId& canceled : answer.canceled) {
    if (canceled == order) return {order, Result::Canceled, {}};
  }
  for (const auto& [id, reason] : answer.not_canceled) {
    if (id != order) continue;
    const auto says = [&text = reason](std::string_view words) {
      return text.find(words) != std::string::npos;
    };
    // Only an order that is held back is known to exist.
    Result result = Result::Unknown;
    if (says("delay")) {
      result = Result::NotCanceled;
    } else if (says("found") || says("exist") || says("already") || says("matched")) {
      result = Result::NotFound;
    }
    return {order, result, bounded(reason)};
  }
  return {order, Result::Unknown, {}};
}

ParseResult<CancelAnswer> parse_cancel_answer(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "cancel answer"};
  ObjectReader reader(*value, "cancel answer");
  CancelAnswer answer;
  if (!reader.has("canceled") && !reader.has("not_canceled")) {
    reader.fail(ParseFault::MissingField, "canceled");
  }
  const auto read_id = [&](std::string_view id_text, std::string_view key) {
    const auto id = domain::parse_hex<domain::VenueOrderId>(id_text);
    if (!id) reader.fail(ParseFault::BadId, key);
    return id.value_or(domain::VenueOrderId{});
  };
  for (const std::string& id : reader.texts("canceled")) {
    answer.canceled.push_back(read_id(id, "canceled"));
  }
  if (const boost::json::value* const left = reader.find("not_canceled")) {
    const boost::json::object* const reasons = left->if_object();
    if (reasons == nullptr) return ParseError{ParseFault::UnexpectedType, "not_canceled"};
    for (const auto& [id, reason] : *reasons) {
      const boost::json::string* const words = reason.if_string();
      answer.not_canceled.emplace_back(
          read_id({id.data(), id.size()}, "not_canceled"),
          words != nullptr ? bounded({words->data(), words->size()}) : std::string{});
    }
  }
  return finish(reader, std::move(answer));
}

std::string write_cancel_answer(const CancelAnswer& answer) {
  std::string out;
  ObjectWriter writer(out);
  writer.begin("canceled");
  append_array(answer.canceled, out, [](const domain::VenueOrderId& id, std::string& text) {
    append_json_text(to_string(id), text);
  });
  writer.begin("not_canceled");
  ObjectWriter reasons(out);
  for (const auto& [id, reason] : answer.not_canceled) reasons.text(to_string(id), reason);
  reasons.end();
  writer.end();
  return out;
}

}  // namespace polybot::polymarket
