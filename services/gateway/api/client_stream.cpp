#include "services/gateway/api/client_stream.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>
#include <vector>

#include "services/gateway/api/json_writer.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 7> kTopics = {"orders",  "fills", "quotes", "trades",
                                                     "markets", "pnl",   "status"};
constexpr std::size_t kTopicBytesMax = 300;  // a slug has at most 256

std::string full_topic(std::string_view topic, std::string_view detail) {
  std::string full(topic);
  if (!detail.empty()) full.append(".").append(detail);
  return full;
}

// What a client sent, as an error quotes it: cut to the length of the longest valid name.
std::string in_quotes(std::string_view name) {
  const bool whole = name.size() <= kTopicBytesMax;
  std::string text = "\"";
  text.append(name.substr(0, kTopicBytesMax)).append(whole ? "\"" : "...\"");
  return text;
}

}  // namespace

bool ClientStream::known(std::string_view topic) {
  if (topic.size() > kTopicBytesMax) return false;
  if (std::find(kTopics.begin(), kTopics.end(), topic) != kTopics.end()) return true;
  const std::size_t dot = topic.find('.');
  const std::string_view head = topic.substr(0, dot);
  return dot != std::string_view::npos && dot + 1 < topic.size() &&
         (head == "quotes" || head == "trades");
}

void ClientStream::close_refused(const std::function<bool(const http::Request&)>& may_read) {
  for (const Client& client : clients_) {
    if (!may_read(client.session->request()))
      client.session->close(http::CloseCode::PolicyViolation, "the token was revoked");
  }
}

asio::awaitable<void> ClientStream::serve(std::shared_ptr<http::WebSocketSession> session) {
  const auto self = clients_.insert(clients_.end(), Client{.session = session, .topics = {}});
  struct Leave {
    std::list<Client>& clients;
    std::list<Client>::iterator self;
    ~Leave() { clients.erase(self); }
  } const leave{clients_, self};
  for (;;) {
    const auto text = co_await session->receive();
    if (!text) co_return;
    on_request(*self, *text);
  }
}

void ClientStream::on_request(Client& client, std::string_view text) {
  boost::system::error_code failed;
  const json::value request =
      json::parse(json::string_view(text.data(), text.size()), failed, {}, {.max_depth = 4});
  const json::object* const body = failed ? nullptr : request.if_object();
  if (body == nullptr) return refuse(client, "a JSON object is expected");
  if (body->empty()) return refuse(client, "say subscribe or unsubscribe, with a list");
  std::vector<std::string> added;
  bool understood = false;
  for (const auto& [key, value] : *body) {
    const std::string name(key.data(), key.size());
    if (name != "subscribe" && name != "unsubscribe") {
      refuse(client,
             "unknown key " + in_quotes(name) + "; say subscribe or unsubscribe, with a list");
    } else if (!value.is_array()) {
      refuse(client, name + " takes a list of topics");
    } else {
      understood = true;
      for (const json::value& topic : value.get_array()) {
        if (name == "unsubscribe") {
          unsubscribe(client, topic);
        } else if (subscribe(client, topic)) {
          added.emplace_back(topic.get_string().data(), topic.get_string().size());
        }
      }
    }
  }
  if (!understood) return;
  JsonWriter out;
  out.begin_object().field("type", "subscribed").key("topics").begin_array();
  for (const std::string& topic : client.topics) out.value(topic);
  out.end_array().end_object();
  send(client, std::make_shared<const std::string>(out.take()));
  for (const std::string& topic : added) {
    std::string first = greeting ? greeting(topic) : std::string();
    if (!first.empty()) send(client, std::make_shared<const std::string>(std::move(first)));
  }
}

bool ClientStream::subscribe(Client& client, const json::value& wanted) {
  const std::optional<std::string> topic = known_topic(client, wanted);
  if (!topic) return false;
  if (client.topics.contains(*topic)) return false;
  if (client.topics.size() >= kTopicsPerClientMax) {
    refuse(client, "too many topics, " + in_quotes(*topic) + " is one more than " +
                       std::to_string(kTopicsPerClientMax));
    return false;
  }
  client.topics.insert(*topic);
  return true;
}

void ClientStream::unsubscribe(Client& client, const json::value& unwanted) {
  const std::optional<std::string> topic = known_topic(client, unwanted);
  if (topic) client.topics.erase(*topic);
}

std::optional<std::string> ClientStream::known_topic(Client& client, const json::value& named) {
  const json::string* const name = named.if_string();
  if (name == nullptr) {
    refuse(client, "a topic is a string, not " + in_quotes(json::serialize(named)));
    return std::nullopt;
  }
  std::string topic(name->data(), name->size());
  if (known(topic)) return topic;
  refuse(client, "unknown topic " + in_quotes(topic));
  return std::nullopt;
}

void ClientStream::refuse(Client& client, std::string_view detail) {
  JsonWriter out;
  out.begin_object().field("type", "error").field("detail", detail).end_object();
  send(client, std::make_shared<const std::string>(out.take()));
}

bool ClientStream::takes(const Client& client, std::string_view topic, std::string_view full) {
  return client.topics.contains(topic) || (full != topic && client.topics.contains(full));
}

bool ClientStream::wanted(std::string_view topic, std::string_view detail) const {
  if (clients_.empty()) return false;
  const std::string full = full_topic(topic, detail);
  return std::any_of(clients_.begin(), clients_.end(),
                     [&](const Client& client) { return takes(client, topic, full); });
}

void ClientStream::publish(std::string_view topic, std::string_view detail, std::string text) {
  const std::string full = full_topic(topic, detail);
  const auto shared = std::make_shared<const std::string>(std::move(text));
  for (Client& client : clients_) {
    if (takes(client, topic, full)) send(client, shared);
  }
}

void ClientStream::send(Client& client, http::SharedText text) {
  if (client.session->send(std::move(text)) == http::WebSocketSession::SendOutcome::Overflow)
    on_drop_();
}

}  // namespace polybot::gateway
