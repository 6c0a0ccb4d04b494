#include "common/follow/shard_follower.hpp"

#include <utility>
#include <variant>

#include "common/domain/mutation.hpp"

namespace polybot::follow {
namespace {

constexpr domain::Duration kBooksAgainAfter = std::chrono::seconds(1);
// Messages kept to be joined with an answer. One that takes longer is not worth waiting for.
constexpr std::size_t kKeptMax = 8192;

// Empty: the message is about all books of the shard.
std::optional<domain::MarketId> market_of(const wire::MarketData& message) {
  return std::visit(
      [](const auto& body) -> std::optional<domain::MarketId> {
        if constexpr (requires { body.market; }) return body.market;
        return std::nullopt;
      },
      message);
}

bool is_trade(const wire::MarketData& message) {
  return std::holds_alternative<domain::TradeTick>(message);
}

}  // namespace

ShardFollower::ShardFollower(domain::Shard shard, const MarketSink& sink,
                             wire::MarketDataCodec& codec)
    : shard_(shard), sink_(sink), codec_(codec), inquiry_(kBooksAgainAfter) {
  fall_behind();
}

// ---- the stream

void ShardFollower::on_frame(const Frame& frame) {
  const bool lost = frame.lost_before > 0 && !mutated(Mutation::GapNotNoticed);
  if (lost || frame.head.incarnation != incarnation_) {
    incarnation_ = frame.head.incarnation;
    fall_behind();
  }
  for (std::size_t i = 0; i < frame.messages.size(); ++i)
    take(frame.head, frame.head.first_seq + i, frame.messages[i]);
}

void ShardFollower::take(const FrameHead& head, std::uint64_t seq, std::string_view bytes) {
  if (const auto error = codec_.decode(bytes, message_); error != wire::DecodeError::None) {
    sink_.refuse(shard_, error);
    return fall_behind();
  }
  if (holds(seq, message_)) return;
  sink_.deliver(head, message_);
  if (!books_at_) keep(head, seq);
}

// Whether a book that was loaded is ahead of this message. An answer need not bring every book.
bool ShardFollower::holds(std::uint64_t seq, const wire::MarketData& message) const {
  const auto market = market_of(message);
  return books_at_ && seq <= *books_at_ && market && loaded_.contains(*market);
}

void ShardFollower::keep(const FrameHead& head, std::uint64_t seq) {
  if (kept_.size() < kKeptMax) return kept_.push_back({head, seq, message_});
  kept_.clear();
  inquiry_.want();  // an answer under way is older than the dropped message
}

void ShardFollower::fall_behind() {
  books_at_.reset();
  kept_.clear();
  inquiry_.want();
  sink_.broken(shard_);
  sink_.ask();
}

// What the stream said so far no longer counts. Its next frame begins it again.
void ShardFollower::start_over() {
  incarnation_ = 0;
  books_at_.reset();
  kept_.clear();
  sink_.broken(shard_);
}

// ---- the books

std::optional<std::string> ShardFollower::question(std::uint64_t number, domain::Duration now) {
  if (!inquiry_.due(now)) return std::nullopt;
  inquiry_.ask(number);
  return wire::encode_books_request({shard_});
}

void ShardFollower::on_answer(std::uint64_t number, std::optional<std::string_view> bytes,
                              Stream stream, domain::Duration now) {
  const Inquiry::Answer given = inquiry_.answered(number, now);
  if (given == Inquiry::Answer::Stray || !bytes) return;
  wire::BooksAnswer answer;
  if (const auto error = wire::decode_books_answer(*bytes, answer);
      error != wire::DecodeError::None) {
    return sink_.refuse(shard_, error);
  }
  const bool nothing_to_say = answer.markets.empty() && answer.books.empty();
  if (nothing_to_say || !idle_at_) idle_at_ = now;
  for (const domain::Market& market : answer.markets) sink_.define(market);
  // These books may be older than what was missed while they were under way. The next ones are not.
  if (given == Inquiry::Answer::Overtaken) return;
  inquiry_.settle();
  // A reader of a silent stream cannot know what it missed. From here on the answers alone bring
  // the books.
  if (stream == Stream::IsSilent && incarnation_ != 0) start_over();
  if (books_at_) return;
  // The producer began again and has published nothing in this shard yet.
  if (incarnation_ != 0 && answer.position.incarnation != incarnation_) start_over();
  join(answer);
}

void ShardFollower::join(const wire::BooksAnswer& answer) {
  const std::set<domain::MarketId> newer = healed_after(answer.position.seq);
  loaded_.clear();
  for (const domain::BookSnapshot& book : answer.books) {
    if (newer.contains(book.market)) continue;
    sink_.load(shard_, book);
    loaded_.insert(book.market);
  }
  // While the stream is silent the books count by their own stamp. Its first frame asks for them
  // again.
  if (incarnation_ == 0) return;
  books_at_ = answer.position.seq;
  for (const Kept& kept : std::exchange(kept_, {})) {
    const auto market = market_of(kept.message);
    const bool again = !is_trade(kept.message) && (!market || loaded_.contains(*market));
    if (again && kept.seq > *books_at_) sink_.deliver(kept.head, kept.message);
  }
}

// The books that the stream has brought whole after that message. A book that came before it is not
// newer: the answer holds all changes up to there, and they will not be taken from the stream.
std::set<domain::MarketId> ShardFollower::healed_after(std::uint64_t seq) const {
  std::set<domain::MarketId> markets;
  for (const Kept& kept : kept_) {
    if (kept.seq <= seq) continue;
    if (const auto* book = std::get_if<domain::BookSnapshot>(&kept.message)) {
      if (book->stale) {
        markets.erase(book->market);
      } else {
        markets.insert(book->market);
      }
    } else if (const auto* stale = std::get_if<domain::BookStale>(&kept.message)) {
      markets.erase(stale->market);
    }
  }
  return markets;
}

}  // namespace polybot::follow
