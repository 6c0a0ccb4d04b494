// Follows the stream md.<shard>. After a hole, at a producer's first message and after a message
// that cannot be read, it asks for the books of the shard and joins them with what the stream
// brought meanwhile. Until then it still delivers everything of the stream: a whole book heals that
// book, and the holder of the books ignores changes to books that it does not trust.
//
// Pure: frames and answers go in as bytes, and messages come out through the sink. The shell
// fetches questions for the recovery port with question(). Time is monotonic.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/market_data.hpp"
#include "common/follow/inquiry.hpp"
#include "common/wire/market_data_codec.hpp"
#include "common/wire/recovery_codec.hpp"

namespace polybot::follow {

// A frame of md.<shard>, as the bus hands it over.
struct FrameHead {
  domain::Shard shard;
  std::uint64_t incarnation = 0;  // of the producer
  std::uint64_t first_seq = 0;    // of messages[0]
  domain::Timestamp sent_at{};    // by the producer's clock
};
struct Frame {
  FrameHead head;
  std::uint64_t lost_before = 0;  // messages missing just before this frame
  std::span<const std::string_view> messages;
};

struct MarketSink {
  std::function<void(const FrameHead&, const wire::MarketData&)> deliver;
  // From an answer: a market of the shard, and a book that replaces the present one.
  std::function<void(const domain::Market&)> define;
  std::function<void(domain::Shard, const domain::BookSnapshot&)> load;
  // No book of the shard is trusted before it is loaded, or brought whole by the stream.
  std::function<void(domain::Shard)> broken;
  std::function<void(domain::Shard, wire::DecodeError)> refuse;
  std::function<void()> ask;  // there is a question() to fetch
};

class ShardFollower {
 public:
  // Sink and codec outlive it.
  ShardFollower(domain::Shard shard, const MarketSink& sink, wire::MarketDataCodec& codec);

  void on_frame(const Frame& frame);
  // Messages of market.<shard> are missing. What the stream says of an unknown market is lost, too.
  void on_lost_definitions() { fall_behind(); }

  // The question to ask now, with a number that no other question has. Empty when there is nothing
  // to ask, or not yet.
  [[nodiscard]] std::optional<std::string> question(std::uint64_t number, domain::Duration now);
  enum class Stream : std::uint8_t { Speaks, IsSilent };
  // `std::nullopt`: no answer came.
  void on_answer(std::uint64_t number, std::optional<std::string_view> bytes, Stream stream,
                 domain::Duration now);
  // No stream sends anything, so the books are asked for again and again.
  void on_silence() { inquiry_.remind(); }

  // Time of the last answer after which the stream may be silent: its producer has no news, or has
  // only just been asked.
  [[nodiscard]] std::optional<domain::Duration> idle_at() const { return idle_at_; }

 private:
  struct Kept {
    FrameHead head;
    std::uint64_t seq = 0;
    wire::MarketData message;
  };
  void take(const FrameHead& head, std::uint64_t seq, std::string_view bytes);
  [[nodiscard]] bool holds(std::uint64_t seq, const wire::MarketData& message) const;
  void keep(const FrameHead& head, std::uint64_t seq);
  void fall_behind();
  void start_over();
  void join(const wire::BooksAnswer& answer);
  [[nodiscard]] std::set<domain::MarketId> healed_after(std::uint64_t seq) const;

  domain::Shard shard_;
  const MarketSink& sink_;
  wire::MarketDataCodec& codec_;
  wire::MarketData message_;  // reused, so that decoding allocates little
  Inquiry inquiry_;
  std::uint64_t incarnation_ = 0;          // last heard; 0: there is no stream to join answers to
  std::optional<std::uint64_t> books_at_;  // loaded books hold what came up to it; empty: behind
  std::set<domain::MarketId> loaded_;      // by the last answer
  std::vector<Kept> kept_;                 // what came since the shard fell behind
  std::optional<domain::Duration> idle_at_;
};

}  // namespace polybot::follow
