#include "services/gateway/feed/publication.hpp"

#include <utility>

#include "common/runtime/addresses.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::Shard;

namespace {

bus::PublisherConfig publisher_config(const PublicationSettings& settings,
                                      const bus::Address& address, runtime::Clock clock) {
  bus::PublisherConfig config = runtime::publisher_config(
      settings.producer, {bus::EndpointRole::Listen, address}, settings.trust, clock);
  config.queue_frames = settings.queue_frames;
  return config;
}

}  // namespace

Publication::Publication(asio::any_io_executor executor, PublicationSettings settings,
                         const ShardMap& shards, ContentsOf contents_of, runtime::Clock clock,
                         bus::Stats& stats)
    : shards_(shards),
      contents_of_(std::move(contents_of)),
      incarnation_(settings.producer.incarnation),
      market_data_(executor, publisher_config(settings, settings.market_data_address, clock),
                   stats),
      quotes_(executor, publisher_config(settings, settings.quotes_address, clock), stats),
      recovery_(
          executor,
          {.endpoint = {bus::EndpointRole::Listen, settings.recovery_address},
           .trust = settings.trust},
          [this](std::string request) { return answer(std::move(request)); }, stats) {
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    const Shard shard{static_cast<std::uint8_t>(i)};
    topics_[i] = {wire::topics::market_data(shard), wire::topics::quote(shard),
                  wire::topics::market(shard)};
  }
}

const Publication::Topics& Publication::topics_of(const domain::MarketId& market) const {
  return topics_.at(shards_.shard_of(market).value);
}

void Publication::publish(const BookUpdate& update) {
  std::visit(
      [&](const auto& message) {
        market_data_.publish(topics_of(message.market).market_data, codec_.encode(message));
      },
      update);
}

void Publication::publish(const domain::QuoteTick& quote) {
  quotes_.publish(topics_of(quote.market).quote, wire::encode_quote(quote));
}

void Publication::publish(const domain::Market& market) {
  const std::string message = wire::encode_market(market);
  for (bus::Publisher* publisher : {&market_data_, &quotes_})
    publisher->publish(topics_of(market.id).market, message);
}

void Publication::publish(Shard shard, const domain::ShardVouched& vouched) {
  const Topics& topics = topics_.at(shard.value);
  market_data_.publish(topics.market_data, codec_.encode(vouched));
  quotes_.publish(topics.quote, wire::encode_quote(vouched));
}

void Publication::flush() {
  market_data_.flush();
  quotes_.flush();
}

// The books contain every message given to the publisher so far, so their position is its last
// number.
asio::awaitable<boost::system::result<std::string>> Publication::answer(std::string request) {
  wire::BooksRequest wanted;
  if (wire::decode_books_request(request, wanted) != wire::DecodeError::None) {
    co_return bus::make_error_code(bus::Errc::Malformed);
  }
  Contents contents = contents_of_(wanted.shard);
  co_return wire::encode_books_answer(
      {.position = {incarnation_,
                    market_data_.last_seq(topics_.at(wanted.shard.value).market_data)},
       .books = std::move(contents.books),
       .complete = true,
       .markets = std::move(contents.markets)});
}

void Publication::close() {
  market_data_.close();
  quotes_.close();
  recovery_.close();
}

}  // namespace polybot::gateway
