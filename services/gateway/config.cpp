#include "services/gateway/config.hpp"

#include <boost/asio/ip/address.hpp>

#include "common/runtime/addresses.hpp"
#include "common/runtime/transport.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {
namespace {

using namespace std::chrono_literals;
using runtime::config::Reader;

void read_bus(Reader& reader, Config& config) {
  FeedSettings& feed = config.feed;
  const runtime::BusSecurity& security = config.metrics.security;
  const auto address = [&](const char* key, const wire::Port& port, bus::EndpointRole role) {
    return runtime::read_bus_address(reader, key, port, role, security);
  };
  namespace ports = wire::ports;
  using enum bus::EndpointRole;
  feed.publication.market_data_address = address("bus.market_data", ports::kMarketData, Listen);
  feed.publication.quotes_address = address("bus.quotes", ports::kQuotes, Listen);
  feed.publication.recovery_address =
      address("bus.market_data_recovery", ports::kMarketDataRecovery, Listen);
  feed.publication.queue_frames =
      reader.integer_as<int>("bus.queue_frames", feed.publication.queue_frames, 1, 8192);
  feed.publication.trust = security.trust;
  config.api.commands.commands_address = address("bus.commands", ports::kCommands, Dial);
  // Where commands went before they had a port of their own; a configuration may still name it.
  (void)reader.string("bus.signals", "");
  config.api.commands.trust = security.trust;
  config.api.orders.orders_address = address("bus.orders", ports::kOrders, Dial);
  config.api.orders.recovery_address = address("bus.orders_recovery", ports::kOrdersRecovery, Dial);
  config.api.orders.trust = security.trust;
}

void read_venue(Reader& reader, FeedSettings& feed) {
  feed.urls.rest = runtime::read_url(reader, "venue.rest", "http://127.0.0.1:8090");
  feed.urls.gamma = runtime::read_url(reader, "venue.gamma", "http://127.0.0.1:8090");
  feed.urls.market_ws =
      runtime::read_url(reader, "venue.market_ws", "ws://127.0.0.1:8090/ws/market");
  feed.urls.transport =
      runtime::read_transport(reader, {feed.urls.rest, feed.urls.gamma, feed.urls.market_ws},
                              runtime::config::current_environment());
}

void read_discovery(Reader& reader, FeedSettings& feed) {
  DiscoverySettings& discovery = feed.discovery;
  discovery.interval = reader.duration("discovery.interval", discovery.interval, 250ms, 10min);
  discovery.page_size =
      reader.integer_as<std::size_t>("discovery.page_size", discovery.page_size, 1, 100);
  discovery.pages_max =
      reader.integer_as<std::size_t>("discovery.pages_max", discovery.pages_max, 1, 2000);
  discovery.requests_at_once = reader.integer_as<std::size_t>("discovery.requests_at_once",
                                                              discovery.requests_at_once, 1, 64);
  CatalogueSettings& catalogue = feed.catalogue;
  catalogue.keep_resolved =
      reader.duration("discovery.keep_resolved", catalogue.keep_resolved, 1s, 24h);
  catalogue.selection.books_max = reader.integer_as<std::size_t>(
      "discovery.books_max", catalogue.selection.books_max, 1, 20'000);
}

void read_lists(Reader reader, MarketLists& lists) {
  lists.slugs = reader.strings("slugs", {});
  lists.events = reader.strings("events", {});
  lists.tags = reader.strings("tags", {});
  lists.categories = reader.strings("categories", {});
}

void read_markets(Reader& reader, FeedSettings& feed) {
  SelectionSettings& selection = feed.catalogue.selection;
  read_lists(reader.table("markets"), selection.only);
  read_lists(reader.table("markets.exclude"), selection.exclude);
  const domain::Money most = domain::Money::from_units(1'000'000'000);
  selection.volume_24h_min = reader.decimal("markets.volume_24h_min", domain::Money{}, {}, most);
  selection.liquidity_min = reader.decimal("markets.liquidity_min", domain::Money{}, {}, most);
  selection.ends_in_min =
      reader.duration("markets.ends_in_min", selection.ends_in_min, 0s, 24h * 365);
  selection.ends_in_max =
      reader.duration("markets.ends_in_max", selection.ends_in_max, 0s, 24h * 3650);
  if (selection.ends_in_max > 0s && selection.ends_in_max < selection.ends_in_min) {
    reader.error("markets.ends_in_max", "must not be less than markets.ends_in_min");
  }
  selection.rank = reader.choice("markets.rank", selection.rank);
  const bool tags = !selection.only.tags.empty() || !selection.exclude.tags.empty();
  feed.discovery.tags = tags ? WithTags::Yes : WithTags::No;
}

void read_feed(Reader& reader, FeedSettings& feed) {
  SupervisorSettings& links = feed.supervisor;
  links.tokens_per_link_max = reader.integer_as<std::size_t>("feed.tokens_per_connection",
                                                             links.tokens_per_link_max, 1, 500);
  links.ping_interval = reader.duration("feed.ping_interval", links.ping_interval, 100ms, 60s);
  links.pong_timeout = reader.duration("feed.pong_timeout", links.pong_timeout, 100ms, 60s);
  links.snapshot_timeout =
      reader.duration("feed.snapshot_timeout", links.snapshot_timeout, 100ms, 60s);
  links.silence = reader.duration("feed.silence", links.silence, 100ms, 10min);
  links.quiet = reader.duration("feed.quiet", links.quiet, 100ms, 10min);
  links.reconnect_min = reader.duration("feed.reconnect_min", links.reconnect_min, 10ms, 60s);
  links.reconnect_max = reader.duration("feed.reconnect_max", links.reconnect_max, 10ms, 10min);
  links.failures_max =
      reader.integer_as<int>("feed.book_failures_max", links.failures_max, 1, 1000);
  feed.quote_interval = reader.duration("feed.quote_interval", feed.quote_interval, 15ms, 1s);
  if (links.reconnect_max < links.reconnect_min) {
    reader.error("feed.reconnect_max", "must not be less than feed.reconnect_min");
  }
}

// Sizes are in MiB.
std::optional<recording::WriterSettings> read_record(Reader& reader) {
  recording::WriterSettings writer;
  writer.folder = reader.string("record.folder", "");
  writer.file_bytes_max =
      reader.integer_as<std::uint64_t>("record.file_mib", writer.file_bytes_max >> 20, 1, 4096)
      << 20;
  writer.folder_bytes_max =
      reader.integer_as<std::uint64_t>("record.folder_mib", 0, 0, std::uint64_t{1} << 30) << 20;
  writer.file_age_max = reader.duration("record.file_age", writer.file_age_max, 10s, 24h);
  writer.queue_bytes_max =
      reader.integer_as<std::size_t>("record.queue_mib", writer.queue_bytes_max >> 20, 1, 1024)
      << 20;
  if (writer.folder.empty()) return std::nullopt;
  return writer;
}

std::chrono::milliseconds milliseconds(domain::Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span);
}

// A file rather than Reader::secret: the gateway makes it when it is missing, and reads it again
// when it has changed.
std::string read_token_file(Reader& reader, const ApiSettings& api) {
  std::string file = reader.string("api.read_token_file", "");
  boost::system::error_code wrong;
  const auto address = boost::asio::ip::make_address(api.address, wrong);
  if (file.empty() && !wrong && !address.is_loopback()) {
    reader.error("api.read_token_file",
                 "is required because api.address " + api.address +
                     " is reached from beyond this host: name a file for the token that reading "
                     "positions, orders and P&L then needs (it is made when it is missing), or "
                     "listen on 127.0.0.1");
  }
  return file;
}

void read_api(Reader& reader, ApiSettings& api) {
  api.address = runtime::read_listen_address(reader, "api.address", api.address);
  api.port = reader.port("api.port", api.port);
  api.hosts = reader.strings("api.hosts", {});
  api.limits.connections_max =
      reader.integer_as<std::size_t>("api.connections_max", api.limits.connections_max, 1, 100'000);
  api.limits.header_bytes_max = reader.integer_as<std::size_t>(
      "api.header_bytes_max", api.limits.header_bytes_max, 1024, 1024 * 1024);
  api.limits.body_bytes_max =
      reader.integer_as<std::size_t>("api.body_bytes_max", 64 * 1024, 0, 16 * 1024 * 1024);
  api.limits.header_timeout =
      milliseconds(reader.duration("api.header_timeout", api.limits.header_timeout, 100ms, 5min));
  api.limits.body_timeout =
      milliseconds(reader.duration("api.body_timeout", api.limits.body_timeout, 100ms, 5min));
  api.limits.idle_timeout =
      milliseconds(reader.duration("api.idle_timeout", api.limits.idle_timeout, 100ms, 1h));
  api.stream.queue_messages_max = reader.integer_as<std::size_t>(
      "api.stream_queue_messages", api.stream.queue_messages_max, 16, 1'000'000);
  api.history.orders_max =
      reader.integer_as<std::size_t>("api.orders_kept", api.history.orders_max, 0, 1'000'000);
  api.history.fills_max =
      reader.integer_as<std::size_t>("api.fills_kept", api.history.fills_max, 0, 1'000'000);
  api.commands.patience =
      reader.duration("api.acknowledgement_timeout", api.commands.patience, 100ms, 60s);
}

}  // namespace

Config read_config(Reader& reader) {
  Config config;
  config.metrics = runtime::read_metrics_config(reader, wire::services::kGateway.front());
  config.data_folder = reader.string("data.folder", "data/sim");
  read_bus(reader, config);
  read_venue(reader, config.feed);
  read_discovery(reader, config.feed);
  read_markets(reader, config.feed);
  read_feed(reader, config.feed);
  config.record = read_record(reader);
  read_api(reader, config.api);
  config.read_token_file = read_token_file(reader, config.api);
  return config;
}

}  // namespace polybot::gateway
