// What the gateway tells the bus: md.<shard> and market.<shard> to runners (5550), quote.<shard>
// and market.<shard> to order-manager (5552), and the books and definitions of a shard on request
// (5551). A PUB of NNG sends everything to everybody who is connected, so that on one port each
// tick would wake order-manager, which needs no books. Every topic is built here from the market's
// shard.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/bus/publisher.hpp"
#include "common/bus/recovery.hpp"
#include "common/runtime/clock.hpp"
#include "common/wire/market_data_codec.hpp"
#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/shard_map.hpp"

namespace polybot::gateway {

struct PublicationSettings {
  bus::Producer producer;
  bus::Address market_data_address;
  bus::Address quotes_address;
  bus::Address recovery_address;
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  int queue_frames = bus::kQueueFramesMax;
};

class Publication {
 public:
  // What is known of a shard at present.
  struct Contents {
    std::vector<domain::BookSnapshot> books;
    std::vector<domain::Market> markets;
  };
  // All references outlive this object.
  using ContentsOf = std::function<Contents(domain::Shard)>;
  Publication(boost::asio::any_io_executor executor, PublicationSettings settings,
              const ShardMap& shards, ContentsOf contents_of, runtime::Clock clock,
              bus::Stats& stats);

  void publish(const BookUpdate& update);
  void publish(const domain::QuoteTick& quote);
  void publish(const domain::Market& market);
  // Of the books and of the quotes of the shard.
  void publish(domain::Shard shard, const domain::ShardVouched& vouched);
  // Sends what was published, without waiting for the loop.
  void flush();

  void close();

 private:
  struct Topics {
    std::string market_data;
    std::string quote;
    std::string market;
  };
  [[nodiscard]] const Topics& topics_of(const domain::MarketId& market) const;
  [[nodiscard]] boost::asio::awaitable<boost::system::result<std::string>> answer(
      std::string request);

  const ShardMap& shards_;
  ContentsOf contents_of_;
  std::uint64_t incarnation_;
  std::array<Topics, domain::kShards> topics_;
  wire::MarketDataCodec codec_;
  bus::Publisher market_data_;
  bus::Publisher quotes_;
  bus::RecoveryServer recovery_;
};

}  // namespace polybot::gateway
