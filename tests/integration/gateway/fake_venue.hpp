// The venue as the gateway sees it, inside the test: listings, records, books by REST, and the
// market channel, in the venue's own shapes on ports of the system's choice. It does what the test
// says, including the things the real one should not do.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/domain/order_book.hpp"
#include "common/http/server.hpp"
#include "common/http/websocket_session.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/market_channel.hpp"

namespace polybot::gateway::test {

namespace asio = boost::asio;

inline domain::Price cents(std::int64_t count) {
  return domain::Price::from_raw(count * 100);
}
inline domain::Quantity shares(std::int64_t count) {
  return domain::Quantity::from_units(count);
}
inline domain::Level level(std::int64_t price_cents, std::int64_t quantity) {
  return {cents(price_cents), shares(quantity)};
}

class FakeVenue {
 public:
  explicit FakeVenue(asio::any_io_executor executor) : server_(std::move(executor), {}) {
    server_.router().get("/markets/keyset",
                         [this](http::Request request) { return list(std::move(request)); });
    server_.router().get("/events/slug/{slug}",
                         [this](http::Request request) { return event(std::move(request)); });
    server_.router().get("/clob-markets/{id}",
                         [this](http::Request request) { return record(std::move(request)); });
    server_.router().get("/markets/{id}",
                         [this](http::Request request) { return result(std::move(request)); });
    server_.router().get("/time", [this](http::Request) { return time(); });
    server_.router().post("/books",
                          [this](http::Request request) { return books(std::move(request)); });
    server_.router().websocket("/ws/market",
                               [this](std::shared_ptr<http::WebSocketSession> session) {
                                 return serve(std::move(session));
                               });
    server_.listen();
  }

  struct Listed {
    polymarket::GammaMarket gamma;
    domain::OrderBook book;
    std::int64_t venue_ms = 1'780'795'911'000;
    bool contradicts = false;     // its record names other tokens
    bool record_missing = false;  // the CLOB does not know it yet
    bool record_refuses = false;  // its record takes no orders, whatever the listing says
    bool record_hangs = false;    // its record is not answered until this ends
  };
  struct Client {
    std::shared_ptr<http::WebSocketSession> session;
    std::set<domain::TokenId> tokens;
    bool subscribed = false;
  };

  // An open market with a bid at 40 and an ask at 45.
  Listed& add(int n, const std::string& event_slug = {}, bool neg_risk = false) {
    Listed& listed = markets_[n];
    polymarket::GammaMarket& gamma = listed.gamma;
    gamma.gamma_id = std::to_string(n);
    gamma.id = id_of(n);
    gamma.slug = "market-" + std::to_string(n);
    gamma.question = "Will " + std::to_string(n) + " win?";
    gamma.outcomes = {"Yes", "No"};
    gamma.tokens = {token_of(2 * n), token_of(2 * n + 1)};
    gamma.active = gamma.accepting_orders = gamma.enable_order_book = true;
    gamma.tick = cents(1);
    gamma.min_size = shares(5);
    gamma.neg_risk = neg_risk;
    gamma.event_slug = event_slug.empty() ? "event-" + std::to_string(n) : event_slug;
    gamma.event_title = gamma.event_slug;
    if (neg_risk) gamma.neg_risk_market = domain::EventGroupId{token_of(900).bytes};
    const std::array bids = {level(38, 5), level(40, 10)};
    const std::array asks = {level(50, 7), level(45, 20)};
    listed.book.load(bids, asks);
    return listed;
  }
  Listed& at(int n) { return markets_.at(n); }

  // Sets a new total at a price, and tells it to the subscribers.
  void set(int n, domain::Side side, std::int64_t price_cents, std::int64_t quantity) {
    lose(n, side, price_cents, quantity);
    push_change(n, side, price_cents, quantity);
  }
  // The same, but the message is lost.
  void lose(int n, domain::Side side, std::int64_t price_cents, std::int64_t quantity) {
    Listed& listed = markets_.at(n);
    ++listed.venue_ms;
    listed.book.apply(
        {.side = side == domain::Side::Buy ? domain::BookSide::Bid : domain::BookSide::Ask,
         .price = cents(price_cents),
         .quantity = shares(quantity)});
  }
  void trade(int n, std::int64_t price_cents) {
    std::string text;
    const Listed& listed = markets_.at(n);
    polymarket::write_last_trade({.market = listed.gamma.id,
                                  .token = listed.gamma.tokens[0],
                                  .venue_at = domain::from_unix_ms(listed.venue_ms),
                                  .side = domain::Side::Buy,
                                  .price = cents(price_cents),
                                  .quantity = shares(3)},
                                 text);
    tell(listed.gamma.tokens[0], text);
  }
  void resolve(int n, bool yes) {
    Listed& listed = markets_.at(n);
    listed.gamma.closed = true;
    listed.gamma.accepting_orders = false;
    listed.gamma.resolution_status = "resolved";
    listed.gamma.outcome_prices = {
        {yes ? domain::kPriceOne : domain::Price{}, yes ? domain::Price{} : domain::kPriceOne}};
    std::string text;
    polymarket::write_market_resolved(
        {.market = listed.gamma.id,
         .venue_at = domain::from_unix_ms(listed.venue_ms),
         .tokens = {listed.gamma.tokens.begin(), listed.gamma.tokens.end()},
         .winning_token = listed.gamma.tokens[yes ? 0 : 1],
         .winning_outcome = yes ? "Yes" : "No"},
        text);
    tell(listed.gamma.tokens[0], text);
  }
  void say(const std::string& text) {
    for (const auto& client : clients_) client->session->send(text);
  }
  void hang_up() {
    for (const auto& client : clients_)
      client->session->close(http::CloseCode::GoingAway, "restart");
  }

  // --- what the test may change, and look at ---
  bool frozen = false;  // pushes nothing, answers PING
  bool opening_books = true;
  bool serves_events = true;
  std::map<domain::MarketId, domain::TokenId> winners;  // by the CLOB's record
  int subscriptions = 0;
  int pings = 0;
  int pings_too_early = 0;
  int books_requests = 0;
  int max_age = 0;  // of the listing in the venue's caches, seconds
  bool gives_etags = false;
  std::size_t page_size = 0;              // of the listing; zero: all on one page
  std::map<std::size_t, int> fails;       // the page with that many markets before it, so often yet
  std::optional<std::size_t> lost_after;  // once that page was given, no cursor is known any more
  bool forgets_cursors = false;           // all of them, always
  std::map<std::size_t, int> pages;       // how often each was asked for
  int records_under_way = 0;
  int records_at_once_max = 0;
  std::chrono::seconds ahead{0};  // its clock
  bool tells_time = true;
  int times = 0;     // asked for
  int listings = 0;  // asked for
  int listings_unchanged = 0;

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] std::string http_url() const { return "http://" + server_.address(); }
  [[nodiscard]] std::string ws_url() const { return "ws://" + server_.address() + "/ws/market"; }
  [[nodiscard]] asio::awaitable<void> stop() {
    return server_.stop(std::chrono::milliseconds(200));
  }

  static domain::MarketId id_of(int n) {
    domain::MarketId id;
    id.bytes[0] = 0xAB;
    id.bytes[31] = static_cast<std::uint8_t>(n);
    return id;
  }
  static domain::TokenId token_of(int n) {
    domain::TokenId id;
    id.bytes[0] = 0x10;
    id.bytes[30] = static_cast<std::uint8_t>(n >> 8);
    id.bytes[31] = static_cast<std::uint8_t>(n);
    return id;
  }

 private:
  asio::awaitable<http::Response> list(http::Request request) {
    const bool closed = request.query_value("closed") == "true";
    std::set<std::string> ids;
    for (const auto& [name, value] : request.query) {
      if (name == "condition_ids") ids.insert(value);
    }
    std::vector<polymarket::GammaMarket> found;
    for (const auto& [n, listed] : markets_) {
      if (listed.gamma.closed != closed) continue;
      if (!ids.empty() && !ids.contains(domain::to_string(listed.gamma.id))) continue;
      found.push_back(listed.gamma);
    }
    if (ids.empty()) co_return page_of(std::move(found), request);
    co_return http::json(polymarket::write_gamma_page(found, ""));
  }

  // A cursor is "how many markets go before it, in which generation of cursors".
  http::Response page_of(std::vector<polymarket::GammaMarket> found, const http::Request& request) {
    std::size_t first = 0;
    if (const auto cursor = request.query_value("after_cursor")) {
      first = std::stoul(std::string(*cursor));
      ++pages[first];
      if (forgets_cursors || !cursor->ends_with("of" + std::to_string(cursors_)))
        return http::json(R"({"error":"invalid cursor"})", 400);
    } else {
      ++pages[0];
    }
    if (fails[first] > 0) {
      --fails[first];
      return http::json(R"({"error":"later"})", 503);
    }
    found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(first));
    std::string next;
    if (page_size > 0 && found.size() > page_size) {
      found.resize(page_size);
      next = std::to_string(first + page_size) + "of" + std::to_string(cursors_);
    }
    http::Response answer = http::json(polymarket::write_gamma_page(found, next));
    note_listing(request, polymarket::write_gamma_page(found, next.empty() ? "" : "more"), answer);
    if (lost_after == first) {
      lost_after.reset();
      ++cursors_;
    }
    return answer;
  }

  // A page is the same as before by its markets and whether there are more, wherever it leads to.
  void note_listing(const http::Request& request, const std::string& content,
                    http::Response& answer) {
    ++listings;
    if (max_age > 0) answer.headers.set("Cache-Control", "max-age=" + std::to_string(max_age));
    if (!gives_etags) return;
    const std::string etag = '"' + std::to_string(std::hash<std::string>{}(content)) + '"';
    if (request.headers.find("If-None-Match") == etag) {
      ++listings_unchanged;
      answer = {.status = 304, .content_type = "", .body = "", .headers = answer.headers};
    }
    answer.headers.set("ETag", etag);
  }

  asio::awaitable<http::Response> time() {
    ++times;
    if (!tells_time) co_return http::json(R"({"error":"later"})", 500);
    const auto now = std::chrono::system_clock::now() + ahead;
    co_return http::json(std::to_string(std::chrono::system_clock::to_time_t(now)));
  }

  asio::awaitable<http::Response> event(http::Request request) {
    if (!serves_events) co_return http::problem(404, "no such route");
    std::vector<polymarket::GammaMarket> found;
    for (const auto& [n, listed] : markets_) {
      if (listed.gamma.event_slug == request.param("slug")) found.push_back(listed.gamma);
    }
    co_return http::json(polymarket::write_gamma_page(found, ""));
  }

  asio::awaitable<http::Response> record(http::Request request) {
    records_at_once_max = std::max(records_at_once_max, ++records_under_way);
    const auto hangs = [&] {
      return std::any_of(markets_.begin(), markets_.end(), [&](const auto& entry) {
        return entry.second.record_hangs &&
               domain::to_string(entry.second.gamma.id) == request.param("id");
      });
    };
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (hangs()) {
      timer.expires_after(std::chrono::milliseconds(2));
      co_await timer.async_wait(asio::use_awaitable);
    }
    --records_under_way;
    co_return record_of(request);
  }

  http::Response record_of(const http::Request& request) {
    for (const auto& [n, listed] : markets_) {
      const polymarket::GammaMarket& gamma = listed.gamma;
      if (domain::to_string(gamma.id) != request.param("id") || listed.record_missing) continue;
      polymarket::ClobMarket market{
          .id = gamma.id,
          .tokens = gamma.tokens,
          .outcomes = gamma.outcomes,
          .tick = gamma.tick,
          .min_size = gamma.min_size,
          .neg_risk = gamma.neg_risk,
          .fee = gamma.fee,
          .accepting_orders = gamma.accepting_orders && !listed.record_refuses};
      if (listed.contradicts) std::swap(market.tokens[0], market.tokens[1]);
      return http::json(polymarket::write_clob_market(market));
    }
    return http::json(R"({"error":"market not found"})", 404);
  }

  asio::awaitable<http::Response> result(http::Request request) {
    for (const auto& [n, listed] : markets_) {
      const auto winner = winners.find(listed.gamma.id);
      if (domain::to_string(listed.gamma.id) != request.param("id") || winner == winners.end())
        continue;
      co_return http::json(polymarket::write_clob_result({.id = listed.gamma.id,
                                                          .closed = listed.gamma.closed,
                                                          .tokens = listed.gamma.tokens,
                                                          .winner = winner->second}));
    }
    co_return http::json(R"({"error":"market not found"})", 404);
  }

  asio::awaitable<http::Response> books(http::Request request) {
    ++books_requests;
    const auto tokens = polymarket::parse_books_request(request.body);
    if (!tokens) co_return http::json(R"({"error":"Invalid payload"})", 400);
    std::string text = "[";
    for (const domain::TokenId& token : *tokens) {
      for (const auto& [n, listed] : markets_) {
        if (listed.gamma.tokens[0] != token) continue;
        if (text.size() > 1) text += ",";
        polymarket::write_book_summary(
            {.market = listed.gamma.id,
             .token = token,
             .venue_at = domain::from_unix_ms(listed.venue_ms),
             .bids = {listed.book.bids().begin(), listed.book.bids().end()},
             .asks = {listed.book.asks().begin(), listed.book.asks().end()},
             .min_size = shares(5),
             .tick = listed.gamma.tick},
            text);
      }
    }
    co_return http::json(text + "]");
  }

  asio::awaitable<void> serve(std::shared_ptr<http::WebSocketSession> session) {
    const auto client = std::make_shared<Client>(Client{session, {}, false});
    clients_.insert(client);
    for (;;) {
      const auto text = co_await session->receive();
      if (!text) break;
      if (*text == polymarket::kPing) {
        ++pings;
        if (!client->subscribed) ++pings_too_early;
        session->send(std::string(polymarket::kPong));
        continue;
      }
      const auto wanted = polymarket::parse_market_subscription(*text);
      if (!wanted) continue;
      ++subscriptions;
      client->subscribed = true;
      subscribe(*client, *wanted);
    }
    clients_.erase(client);
  }

  void subscribe(Client& client, const polymarket::MarketSubscription& wanted) {
    if (wanted.operation == polymarket::MarketSubscription::Operation::Unsubscribe) {
      for (const domain::TokenId& token : wanted.tokens) client.tokens.erase(token);
      return;
    }
    client.tokens.insert(wanted.tokens.begin(), wanted.tokens.end());
    if (!opening_books) return;
    std::string text = "[";
    for (const auto& [n, listed] : markets_) {
      if (std::find(wanted.tokens.begin(), wanted.tokens.end(), listed.gamma.tokens[0]) ==
          wanted.tokens.end())
        continue;
      if (text.size() > 1) text += ",";
      polymarket::write_book({.market = listed.gamma.id,
                              .token = listed.gamma.tokens[0],
                              .venue_at = domain::from_unix_ms(listed.venue_ms),
                              .bids = listed.book.bids(),
                              .asks = listed.book.asks(),
                              .tick = listed.gamma.tick,
                              .last_trade_price = {}},
                             {.min_size = shares(5), .neg_risk = listed.gamma.neg_risk}, text);
    }
    client.session->send(text + "]");
  }

  // Both outcomes' entries, as the venue sends them.
  void push_change(int n, domain::Side side, std::int64_t price_cents, std::int64_t quantity) {
    const Listed& listed = markets_.at(n);
    const auto price_of = [](const std::optional<domain::Level>& one) {
      return one ? std::optional(one->price) : std::nullopt;
    };
    const auto mirror = [](std::optional<domain::Price> price) {
      return price ? std::optional(domain::complement(*price)) : std::nullopt;
    };
    const auto bid = price_of(listed.book.best_bid());
    const auto ask = price_of(listed.book.best_ask());
    const std::array<polymarket::PriceChange, 2> changes = {
        polymarket::PriceChange{.token = listed.gamma.tokens[0],
                                .side = side,
                                .price = cents(price_cents),
                                .quantity = shares(quantity),
                                .best_bid = bid,
                                .best_ask = ask,
                                .has_best = true},
        polymarket::PriceChange{.token = listed.gamma.tokens[1],
                                .side = domain::opposite(side),
                                .price = domain::complement(cents(price_cents)),
                                .quantity = shares(quantity),
                                .best_bid = mirror(ask),
                                .best_ask = mirror(bid),
                                .has_best = true}};
    std::string text;
    polymarket::write_price_change({.market = listed.gamma.id,
                                    .venue_at = domain::from_unix_ms(listed.venue_ms),
                                    .changes = changes},
                                   text);
    tell(listed.gamma.tokens[0], text);
  }

  void tell(const domain::TokenId& token, const std::string& text) {
    if (frozen) return;
    for (const auto& client : clients_) {
      if (client->tokens.contains(token)) client->session->send(text);
    }
  }

  std::map<int, Listed> markets_;
  int cursors_ = 0;  // their generation
  std::set<std::shared_ptr<Client>> clients_;
  http::Server server_;
};

}  // namespace polybot::gateway::test
