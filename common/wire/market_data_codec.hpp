// Books, trades, quotes and market definitions as bytes. Encoders append nothing: they return whole
// messages for bus::Publisher. Decoders trust nothing (decode_error.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "common/domain/bounds.hpp"
#include "common/domain/market_data.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire {

// There are 9,999 prices between 0 and 1.
inline constexpr std::size_t kBookLevelsMax = 10'000;
inline constexpr std::int64_t kQuantityRawMax = domain::kQuantityMax.raw();

// One message of md.<shard>.
using MarketData = std::variant<domain::BookSnapshot, domain::BookDelta, domain::TradeTick,
                                domain::BookStale, domain::ShardVouched>;
// One message of quote.<shard>.
using QuoteData = std::variant<domain::QuoteTick, domain::ShardVouched>;
// A shard has no more markets than that.
inline constexpr int kVouchExceptionsMax = 20'000;

// Keeps its buffers between calls: a million deltas a second are encoded and decoded without
// allocating. Not thread-safe; one per loop.
class MarketDataCodec {
 public:
  MarketDataCodec();
  MarketDataCodec(const MarketDataCodec&) = delete;
  MarketDataCodec& operator=(const MarketDataCodec&) = delete;
  ~MarketDataCodec();

  // The bytes stay valid until the next encode().
  [[nodiscard]] std::string_view encode(const domain::BookSnapshot& snapshot);
  [[nodiscard]] std::string_view encode(const domain::BookDelta& delta);
  [[nodiscard]] std::string_view encode(const domain::TradeTick& trade);
  [[nodiscard]] std::string_view encode(const domain::BookStale& stale);
  [[nodiscard]] std::string_view encode(const domain::ShardVouched& vouched);
  [[nodiscard]] std::string_view encode(const MarketData& message);

  // Reuses what `out` holds when it is of the same kind; `out` is unspecified after an error.
  DecodeError decode(std::string_view bytes, MarketData& out);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

[[nodiscard]] std::string encode_quote(const domain::QuoteTick& quote);
[[nodiscard]] std::string encode_quote(const domain::ShardVouched& vouched);
DecodeError decode_quote(std::string_view bytes, QuoteData& out);

[[nodiscard]] std::string encode_market(const domain::Market& market);
DecodeError decode_market(std::string_view bytes, domain::Market& out);

}  // namespace polybot::wire
