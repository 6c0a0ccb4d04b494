// The /ws stream: pushes events to clients that asked for their topics.
//
//   client -> {"subscribe":["orders","quotes.some-slug"]}   {"unsubscribe":["orders"]}
//   server -> {"type":"subscribed","topics":[...]}  then events, each {"topic":...,"type":...,...}
//
// Topics: orders fills quotes trades markets pnl status; quotes.<slug> and trades.<slug> for one
// market. One text is shared by all its receivers. A client that does not keep up is closed (1013)
// by the server's bounded queue; nothing here waits for a client. An item that is not understood is
// answered with {"type":"error","detail":...}, which names it; the rest of the message counts.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/http/websocket_session.hpp"

namespace polybot::gateway {

class ClientStream {
 public:
  static constexpr std::size_t kTopicsPerClientMax = 256;

  // `on_drop` hears of each client that was closed because it did not keep up.
  explicit ClientStream(std::function<void()> on_drop) : on_drop_(std::move(on_drop)) {}

  // The whole life of one client.
  [[nodiscard]] boost::asio::awaitable<void> serve(std::shared_ptr<http::WebSocketSession> session);

  // Whether a client wants messages of this topic (or of topic.detail), so that they must be
  // rendered.
  [[nodiscard]] bool wanted(std::string_view topic, std::string_view detail = {}) const;
  void publish(std::string_view topic, std::string_view detail, std::string text);
  // A topic that new subscribers get at once, so that they need not wait for the next change.
  std::function<std::string(std::string_view topic)> greeting;

  // Closes (1008) each client whose request `may_read` does not allow any more.
  void close_refused(const std::function<bool(const http::Request&)>& may_read);

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

 private:
  struct Client {
    std::shared_ptr<http::WebSocketSession> session;
    std::set<std::string, std::less<>> topics;
  };
  void on_request(Client& client, std::string_view text);
  // True when the subscription is new.
  bool subscribe(Client& client, const boost::json::value& wanted);
  void unsubscribe(Client& client, const boost::json::value& unwanted);
  // Tells the client when there is no such topic.
  [[nodiscard]] std::optional<std::string> known_topic(Client& client,
                                                       const boost::json::value& named);
  void refuse(Client& client, std::string_view detail);
  [[nodiscard]] static bool known(std::string_view topic);
  [[nodiscard]] static bool takes(const Client& client, std::string_view topic,
                                  std::string_view full);
  void send(Client& client, http::SharedText text);

  std::function<void()> on_drop_;
  std::list<Client> clients_;
};

}  // namespace polybot::gateway
