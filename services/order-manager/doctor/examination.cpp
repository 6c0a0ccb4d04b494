#include "services/order-manager/doctor/examination.hpp"

#include <utility>

#include "common/http/url.hpp"
#include "common/http/websocket_client.hpp"
#include "common/polymarket/messages/chain.hpp"
#include "services/order-manager/venue_identity.hpp"

namespace polybot::order_manager::doctor {
namespace {

using boost::asio::awaitable;

http::ClientOptions options_of(const VenueConfig& venue) {
  http::ClientOptions options;
  options.request_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(venue.request_timeout);
  options.transport = venue.transport;
  return options;
}

Answer failed_with(http::Failure failure) {
  Answer answer;
  answer.end = Answer::End::Failed;
  answer.failure = std::move(failure);
  return answer;
}

}  // namespace

Examination::Examination(boost::asio::any_io_executor executor, const Config& config,
                         const std::optional<Patient>& patient, Progress& progress, Facts& facts)
    : executor_(executor),
      config_(config),
      patient_(patient),
      progress_(progress),
      facts_(facts),
      client_(executor, options_of(config.venue)),
      credentials_(config.venue.credentials) {
  const VenueConfig& venue = config.venue;
  facts.hosts = {{"venue.rest", venue.rest},
                 {"venue.gamma", venue.gamma},
                 {"venue.user_ws", venue.user_ws},
                 {"venue.geoblock", venue.geoblock}};
  if (!venue.node.empty()) facts.hosts.push_back({"venue.rpc", venue.node});
}

std::uint64_t Examination::now_s() const {
  return static_cast<std::uint64_t>(domain::to_unix_ms(clock_.now()) / 1000);
}

// What the venue is sent it could send back, in words that are shown.
std::string Examination::without_secrets(std::string text) const {
  if (!credentials_) return text;
  for (const std::string_view secret : {credentials_->secret(), credentials_->passphrase()}) {
    std::size_t at = 0;
    while ((at = text.find(secret, at)) != std::string::npos)
      text.replace(at, secret.size(), "***");
  }
  return text;
}

awaitable<Answer> Examination::ask(At at, http::ClientRequest request) {
  if (host(at).answer.end == Answer::End::Failed) co_return host(at).answer;
  if (const auto url = http::parse_url(request.url)) progress_.begin("asking " + url->host_field());
  http::Outcome outcome = co_await client_.send(std::move(request));
  Answer answer;
  if (outcome) {
    answer.end = Answer::End::Answered;
    answer.status = outcome->status;
    answer.body = without_secrets(std::move(outcome->body));
  } else {
    answer = failed_with(outcome.error());
  }
  Answer& first = host(at).answer;
  if (first.end == Answer::End::NotAsked) {
    first.end = answer.end;
    first.failure = answer.failure;
  }
  co_return answer;
}

awaitable<Answer> Examination::get(At at, std::string target) {
  http::ClientRequest request{.url = host(at).url + target};
  auto asked = ask(at, std::move(request));
  co_return co_await std::move(asked);
}

awaitable<void> Examination::ask_public() {
  facts_.time_asked = clock_.now();
  facts_.time = co_await get(At::Rest, "/time");
  facts_.time_told = clock_.now();
  facts_.version = co_await get(At::Rest, "/version");
  http::ClientRequest nothing{.method = http::Method::Post, .url = config_.venue.rest + "/order"};
  auto gate = ask(At::Rest, std::move(nothing));
  facts_.gate = co_await std::move(gate);
  facts_.site = co_await get(At::Site, "");
}

awaitable<void> Examination::ask_user_channel() {
  progress_.begin("connecting to " + config_.venue.user_ws);
  http::WebSocketClientOptions options;
  options.connect_timeout = options_of(config_.venue).request_timeout;
  options.transport = config_.venue.transport;
  http::WebSocketClient channel(executor_, options);
  const boost::system::error_code ec = co_await channel.connect(config_.venue.user_ws);
  Answer& answer = host(At::User).answer;
  answer.end = Answer::End::Answered;
  if (ec) answer = failed_with({.ec = ec, .stage = http::Failure::Stage::Connect});
  if (!ec) co_await channel.close();
}

awaitable<void> Examination::ask_markets() {
  facts_.listing = co_await get(
      At::Gamma, "/markets/keyset?closed=false&limit=100&order=volume24hr&ascending=false");
  facts_.market.why_not = "no market is listed that can be traded";
  facts_.shares.why_not = facts_.market.why_not;
  if (!facts_.listing.good()) co_return;
  const auto page = polymarket::parse_gamma_page(facts_.listing.body);
  if (!page) co_return;
  for (const polymarket::GammaMarket& listed : page->markets) {
    if (polymarket::tradability(listed) != polymarket::Tradability::Tradable) continue;
    market_ = polymarket::to_market(listed);
    facts_.sample.market = market_->slug;
    facts_.market = co_await get(At::Rest, "/clob-markets/" + domain::to_string(market_->id));
    co_return;
  }
}

awaitable<Answer> Examination::ask_node(std::string question) {
  http::ClientRequest request{.method = http::Method::Post, .url = config_.venue.node};
  request.body = std::move(question);
  auto asked = ask(At::Node, std::move(request));
  co_return co_await std::move(asked);
}

awaitable<void> Examination::ask_chain() {
  using Kind = polymarket::ChainQuestion::Kind;
  if (config_.venue.node.empty()) co_return;
  polymarket::ChainQuestion question;
  facts_.node_chain = co_await ask_node(polymarket::write_chain_question(question));
  facts_.code.why_not = "the key has no wallet as configured";
  facts_.old_collateral.why_not = facts_.code.why_not;
  if (!patient_) co_return;
  question.kind = Kind::Code;
  question.address = patient_->party.wallet.address;
  facts_.code = co_await ask_node(polymarket::write_chain_question(question));
  question.kind = Kind::Balance;
  question.token = polymarket::kOldCollateralToken;
  facts_.old_collateral = co_await ask_node(polymarket::write_chain_question(question));
}

// Through the body that would be sent, so that what is written is what was signed.
void Examination::make_sample() {
  const auto record =
      facts_.market.good()
          ? polymarket::parse_clob_market(facts_.market.body)
          : polymarket::ParseResult<polymarket::ClobMarket>(polymarket::ParseError{});
  if (!patient_ || !market_ || !record) return;
  progress_.begin("signing an order that is not sent");
  const domain::Market market = polymarket::with_record(*market_, *record);
  domain::Order order;
  order.instrument.market = market.id;
  const std::int64_t half = domain::Price::kScale / 2;
  order.limit = domain::Price::from_raw(half / market.tick.raw() * market.tick.raw());
  order.quantity = market.min_size;
  order.post_only = true;
  order.decided_at = clock_.now();
  const auto identity = venue_identity(config_.venue.chain_id, patient_->party)(order, market);
  if (!identity) {
    facts_.sample.why_not = "its amounts cannot be expressed";
    return;
  }
  const polymarket::ExchangeDomains domains(config_.venue.chain_id);
  const polymarket::ExchangeDomain& exchange = domains.of(market.exchange);
  polymarket::PostedOrder posted;
  posted.order = polymarket::order_to_sign(identity->fields, order.side, patient_->party);
  const auto signature = patient_->signer.sign(posted.order, exchange);
  if (!signature) {
    facts_.sample.why_not = std::string(to_string(signature.error()));
    return;
  }
  posted.signature = *signature;
  posted.owner = credentials_ ? credentials_->api_key() : "nobody";
  posted.post_only = true;
  const auto read = polymarket::parse_order_body(polymarket::write_order_body(posted));
  if (!read || !(read->order == posted.order)) {
    facts_.sample.why_not = "its body does not read as it was written";
    return;
  }
  facts_.sample.recovered =
      polymarket::recover_order_signer(read->order, exchange, read->signature);
}

awaitable<void> Examination::run() {
  co_await ask_public();
  co_await ask_user_channel();
  co_await ask_markets();
  co_await ask_account();
  co_await ask_chain();
  make_sample();
}

}  // namespace polybot::order_manager::doctor
