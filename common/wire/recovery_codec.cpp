#include "common/wire/recovery_codec.hpp"

#include "common/wire/market_data_codec.hpp"
#include "common/wire/types_codec.hpp"
#include "polybot/v1/recovery.pb.h"

namespace polybot::wire {
namespace {

// Markets a shard can hold, and events or entries an answer of 1 MiB can hold (an entry of less
// than 16 bytes does not exist).
constexpr int kBooksMax = 4096;
constexpr int kEntriesMax = 1 << 16;
constexpr std::uint32_t kPagesMax = 1 << 16;
// Field tag and length beside the bytes of a repeated field's element.
constexpr std::size_t kEntryOverhead = 6;

void take_entries(const google::protobuf::RepeatedPtrField<std::string>& from,
                  std::vector<std::string>& to) {
  to.assign(from.begin(), from.end());
}

std::string name_of(const domain::StrategyName& stream) {
  return stream.value.empty() ? std::string(domain::kAllStrategies) : stream.value;
}

ReplayedEvents read_events(Reading& reading, const v1::ReplayedEvents& message) {
  ReplayedEvents events{.events = {}, .more = message.more()};
  reading.require(message.events_size() <= kEntriesMax, DecodeError::OutOfRange);
  // "More" without any events would make the reader ask the same again for ever.
  reading.require(!message.more() || message.events_size() > 0, DecodeError::Missing);
  if (!reading.failed()) take_entries(message.events(), events.events);
  return events;
}

StatePage read_page(Reading& reading, const v1::OrdersSnapshot& message) {
  StatePage page{.at_seq = message.at_seq(), .page = message.page(), .pages = message.pages()};
  reading.require(message.entries_size() <= kEntriesMax, DecodeError::OutOfRange);
  reading.require(
      message.pages() >= 1 && message.pages() <= kPagesMax && message.page() < message.pages(),
      DecodeError::OutOfRange);
  if (!reading.failed()) take_entries(message.entries(), page.entries);
  return page;
}

}  // namespace

bool fits_answer(std::size_t& bytes_so_far, std::size_t entry_bytes, std::size_t answer_bytes_max) {
  if (bytes_so_far + entry_bytes + kEntryOverhead > answer_bytes_max) return false;
  bytes_so_far += entry_bytes + kEntryOverhead;
  return true;
}

std::string encode_books_request(const BooksRequest& request) {
  v1::BooksRequest out;
  out.set_shard(request.shard.value);
  return out.SerializeAsString();
}

DecodeError decode_books_request(std::string_view bytes, BooksRequest& out) {
  v1::BooksRequest message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  out.shard = reading.shard(message.shard());
  return reading.error();
}

std::string encode_books_answer(const BooksAnswer& answer) {
  v1::BooksAnswer out;
  out.set_incarnation(answer.position.incarnation);
  out.set_applied_seq(answer.position.seq);
  out.set_complete(answer.complete);
  MarketDataCodec codec;
  std::size_t bytes = 0;
  for (const domain::Market& market : answer.markets) {
    const std::string encoded = encode_market(market);
    if (!fits_answer(bytes, encoded.size())) break;  // state: all of it comes again within a second
    out.add_markets(encoded);
  }
  for (const domain::BookSnapshot& book : answer.books) {
    const std::string_view encoded = codec.encode(book);
    if (!fits_answer(bytes, encoded.size())) {
      out.set_complete(false);
      continue;
    }
    out.add_snapshots(encoded.data(), encoded.size());
  }
  return out.SerializeAsString();
}

DecodeError decode_books_answer(std::string_view bytes, BooksAnswer& out) {
  v1::BooksAnswer message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  if (message.snapshots_size() > kBooksMax || message.markets_size() > kBooksMax)
    return DecodeError::OutOfRange;
  out.position = {.incarnation = message.incarnation(), .seq = message.applied_seq()};
  out.complete = message.complete();
  out.books.clear();
  out.markets.clear();
  for (const std::string& encoded : message.markets()) {
    const DecodeError error = decode_market(encoded, out.markets.emplace_back());
    if (error != DecodeError::None) return error;
  }
  MarketDataCodec codec;
  for (const std::string& encoded : message.snapshots()) {
    MarketData book;
    if (const DecodeError error = codec.decode(encoded, book); error != DecodeError::None)
      return error;
    auto* snapshot = std::get_if<domain::BookSnapshot>(&book);
    if (snapshot == nullptr) return DecodeError::BadEnum;
    out.books.push_back(std::move(*snapshot));
  }
  return DecodeError::None;
}

std::string encode_orders_request(const OrdersRequest& request) {
  v1::OrdersRequest out;
  if (const auto* replay = std::get_if<ReplayRequest>(&request)) {
    out.set_stream(name_of(replay->stream));
    out.set_after_seq(replay->after_seq);
  } else {
    const auto& wanted = std::get<StatePageRequest>(request);
    out.set_stream(name_of(wanted.stream));
    out.mutable_snapshot_page()->set_at_seq(wanted.at_seq);
    out.mutable_snapshot_page()->set_page(wanted.page);
  }
  return out.SerializeAsString();
}

DecodeError decode_orders_request(std::string_view bytes, OrdersRequest& out) {
  v1::OrdersRequest message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  domain::StrategyName stream = reading.strategy(message.stream());
  if (stream.value == domain::kAllStrategies) stream = {};
  switch (message.wanted_case()) {
    case v1::OrdersRequest::kAfterSeq:
      out = ReplayRequest{.stream = std::move(stream), .after_seq = message.after_seq()};
      break;
    case v1::OrdersRequest::kSnapshotPage:
      out = StatePageRequest{.stream = std::move(stream),
                             .at_seq = message.snapshot_page().at_seq(),
                             .page = reading.at_most(message.snapshot_page().page(), kPagesMax)};
      break;
    case v1::OrdersRequest::WANTED_NOT_SET:
      return DecodeError::Missing;
  }
  return reading.error();
}

std::string encode_orders_answer(const OrdersAnswer& answer) {
  v1::OrdersAnswer out;
  if (const auto* events = std::get_if<ReplayedEvents>(&answer)) {
    v1::ReplayedEvents& to = *out.mutable_events();
    for (const std::string& event : events->events) to.add_events(event);
    to.set_more(events->more);
  } else if (const auto* page = std::get_if<StatePage>(&answer)) {
    v1::OrdersSnapshot& to = *out.mutable_snapshot();
    to.set_at_seq(page->at_seq);
    to.set_page(page->page);
    to.set_pages(page->pages);
    for (const std::string& entry : page->entries) to.add_entries(entry);
  } else {
    out.set_snapshot_needed(true);
  }
  return out.SerializeAsString();
}

DecodeError decode_orders_answer(std::string_view bytes, OrdersAnswer& out) {
  v1::OrdersAnswer message;
  if (!parse(bytes, message)) return DecodeError::Malformed;
  Reading reading;
  switch (message.answer_case()) {
    case v1::OrdersAnswer::kEvents:
      out = read_events(reading, message.events());
      break;
    case v1::OrdersAnswer::kSnapshot:
      out = read_page(reading, message.snapshot());
      break;
    case v1::OrdersAnswer::kSnapshotNeeded:
      out = NotKept{};
      break;
    case v1::OrdersAnswer::ANSWER_NOT_SET:
      return DecodeError::Missing;
  }
  return reading.error();
}

}  // namespace polybot::wire
