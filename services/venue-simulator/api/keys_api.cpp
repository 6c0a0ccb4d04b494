#include "services/venue-simulator/api/keys_api.hpp"

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/polymarket/messages/json.hpp"
#include "services/venue-simulator/api/authentication.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::Request;
using http::Response;
using polymarket::ObjectWriter;

namespace {

constexpr std::string_view kBadL1 = "Invalid L1 Request headers";
constexpr std::string_view kNotCreated = "Could not create api key";
constexpr std::string_view kNotDerived = "Could not derive api key!";

Response done() {
  return http::json("\"OK\"");
}

}  // namespace

std::int64_t KeysApi::now_s() const {
  return host_.told_seconds();
}

Response KeysApi::create_api_key(const Request& request) {
  const auto caller = authenticate_l1(request, options_.chain_id, now_s());
  if (!caller) return venue_error(401, kBadL1);
  if (const Member* known = members_.by_nonce(caller->address, caller->nonce)) {
    if (options_.existing_key == ExistingKey::Refuse) return venue_error(400, kNotCreated);
    return http::json(polymarket::write_api_credentials(known->credentials));
  }
  const AccountId account =
      host_.apply(OpenAccount{caller->address.bytes, options_.deposit}).opened.front();
  const KeyName key{account, KeyKind::Api, caller->nonce};
  if (!host_.exchange().key_ring().can_create(key)) return venue_error(400, kNotCreated);
  static_cast<void>(host_.apply(CreateKey{key}));
  members_.learn(host_.exchange());
  return http::json(polymarket::write_api_credentials(members_.credentials(key)));
}

Response KeysApi::derive_api_key(const Request& request) {
  const auto caller = authenticate_l1(request, options_.chain_id, now_s());
  if (!caller) return venue_error(401, kBadL1);
  const Member* member = members_.by_nonce(caller->address, caller->nonce);
  if (member == nullptr) return venue_error(400, kNotDerived);
  return http::json(polymarket::write_api_credentials(member->credentials));
}

std::vector<std::string> KeysApi::shown_keys(AccountId account, KeyKind kind) const {
  std::vector<std::string> shown;
  for (const KeyRing::Key& key : host_.exchange().key_ring().keys(account, kind)) {
    if (key.active()) shown.push_back(members_.credentials({account, kind, key.number}).api_key());
  }
  return shown;
}

// Their names alone, as the OpenAPI document has it: a secret is told once, to the one who signs.
Response KeysApi::api_keys(const Member& member, const Request&) {
  std::string body;
  ObjectWriter(body)
      .json("apiKeys", polymarket::json_texts(shown_keys(member.account, KeyKind::Api)))
      .end();
  return http::json(std::move(body));
}

Response KeysApi::delete_api_key(const Member& member, const Request&) {
  static_cast<void>(host_.apply(EndKey{{member.account, KeyKind::Api, member.nonce}}));
  members_.learn(host_.exchange());
  return done();
}

// The simulated venue bans nobody, but for the fault: each account may open and close.
Response KeysApi::closed_only(const Member&, const Request&) {
  return http::json(polymarket::write_closed_only(host_.fault(Fault::ClosedOnly) != nullptr));
}

std::optional<KeyName> KeysApi::make_key(AccountId account, KeyKind kind) {
  const KeyRing& ring = host_.exchange().key_ring();
  const KeyName key{account, kind, ring.next_number(account, kind)};
  if (!ring.can_create(key)) return std::nullopt;
  static_cast<void>(host_.apply(CreateKey{key}));
  members_.learn(host_.exchange());
  return key;
}

Response KeysApi::create_read_only_key(const Member& member, const Request&) {
  const auto key = make_key(member.account, KeyKind::ReadOnly);
  if (!key) return venue_error(400, kNotCreated);
  std::string body;
  ObjectWriter(body).text("apiKey", members_.credentials(*key).api_key()).end();
  return http::json(std::move(body));
}

Response KeysApi::read_only_keys(const Member& member, const Request&) {
  return http::json(polymarket::json_texts(shown_keys(member.account, KeyKind::ReadOnly)));
}

Response KeysApi::delete_read_only_key(const Member& member, const Request& request) {
  const auto wanted = polymarket::parse_key_body(request.body);
  if (!wanted) return venue_error(400, "Invalid payload");
  for (const KeyRing::Key& key :
       host_.exchange().key_ring().keys(member.account, KeyKind::ReadOnly)) {
    const KeyName name{member.account, KeyKind::ReadOnly, key.number};
    if (!key.active() || members_.credentials(name).api_key() != *wanted) continue;
    static_cast<void>(host_.apply(EndKey{name}));
    members_.learn(host_.exchange());
    return http::json("true");
  }
  return venue_error(404, "readonly api key not found");
}

Response KeysApi::create_builder_key(const Member& member, const Request&) {
  const auto key = make_key(member.account, KeyKind::Builder);
  if (!key) return venue_error(400, "Could not create builder api key");
  const polymarket::ApiCredentials made = members_.credentials(*key);
  std::string body;
  ObjectWriter(body)
      .text("key", made.api_key())
      .text("secret", made.secret())
      .text("passphrase", made.passphrase())
      .end();
  return http::json(std::move(body));
}

// With their lives, as both clients read them; the OpenAPI document knows the names alone.
Response KeysApi::builder_keys(const Member& member, const Request&) {
  std::string body;
  const auto& keys = host_.exchange().key_ring().keys(member.account, KeyKind::Builder);
  polymarket::append_array(keys, body, [&](const KeyRing::Key& key, std::string& out) {
    ObjectWriter writer(out);
    writer
        .text("key", members_.credentials({member.account, KeyKind::Builder, key.number}).api_key())
        .text("createdAt", polymarket::iso_time(key.created_at));
    if (key.ended_at) writer.text("revokedAt", polymarket::iso_time(*key.ended_at));
    writer.end();
  });
  return http::json(std::move(body));
}

// The request names no key: it means the latest one.
Response KeysApi::revoke_builder_key(const Member& member, const Request&) {
  const auto& keys = host_.exchange().key_ring().keys(member.account, KeyKind::Builder);
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    if (!key->active()) continue;
    static_cast<void>(host_.apply(EndKey{{member.account, KeyKind::Builder, key->number}}));
    return done();
  }
  return venue_error(400, "Invalid revoke builder api key body");
}

}  // namespace polybot::venue_simulator
