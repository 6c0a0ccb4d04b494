#include "services/venue-simulator/api/authentication.hpp"

#include "common/domain/number_text.hpp"

namespace polybot::venue_simulator {
namespace {

using polymarket::Address;

std::optional<std::uint64_t> timestamp_of(const http::Request& request, std::int64_t now_s) {
  const auto text = request.headers.find(polymarket::kHeaderTimestamp);
  const auto value = text ? domain::parse_number<std::uint64_t>(*text) : std::nullopt;
  if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  const std::int64_t off = static_cast<std::int64_t>(*value) - now_s;
  if (off > kTimestampTolerance_s || off < -kTimestampTolerance_s) return std::nullopt;
  return value;
}

std::optional<Address> address_of(const http::Request& request) {
  const auto text = request.headers.find(polymarket::kHeaderAddress);
  return text ? Address::parse(*text) : std::nullopt;
}

}  // namespace

std::optional<L1Caller> authenticate_l1(const http::Request& request, std::uint64_t chain_id,
                                        std::int64_t now_s) {
  const auto address = address_of(request);
  const auto timestamp = timestamp_of(request, now_s);
  const auto nonce_text = request.headers.find(polymarket::kHeaderNonce);
  const auto nonce = nonce_text ? domain::parse_number<std::uint64_t>(*nonce_text)
                                : std::optional<std::uint64_t>(0);
  const auto signature_text = request.headers.find(polymarket::kHeaderSignature);
  if (!address || !timestamp || !nonce || !signature_text) return std::nullopt;
  const auto signature = polymarket::Signature::parse(*signature_text);
  if (!signature) return std::nullopt;
  const auto signer = polymarket::recover_signer(
      polymarket::clob_auth_digest(chain_id, *address, *timestamp, *nonce), *signature);
  if (!signer || *signer != *address) return std::nullopt;
  return L1Caller{*address, *nonce};
}

const Member* authenticate_l2(const http::Request& request, const Members& members,
                              std::int64_t now_s) {
  const auto api_key = request.headers.find(polymarket::kHeaderApiKey);
  const auto passphrase = request.headers.find(polymarket::kHeaderPassphrase);
  const auto signature = request.headers.find(polymarket::kHeaderSignature);
  const auto address = address_of(request);
  const auto timestamp = timestamp_of(request, now_s);
  if (!api_key || !passphrase || !signature || !address || !timestamp) return nullptr;
  const Member* member = members.by_api_key(*api_key);
  if (member == nullptr || member->address != *address) return nullptr;
  if (!polymarket::equal_constant_time(member->credentials.passphrase(), *passphrase))
    return nullptr;
  const std::string_view target = request.target;
  const polymarket::SignedRequest signed_request{.method = http::to_string(request.method),
                                                 .path = target.substr(0, target.find('?')),
                                                 .body = request.body};
  return member->credentials.verify(*timestamp, signed_request, *signature) ? member : nullptr;
}

const Member* authenticate_reader(const http::Request& request, const Members& members,
                                  std::int64_t now_s) {
  const auto key = request.headers.find(kHeaderReadOnlyKey);
  if (!key) return authenticate_l2(request, members, now_s);
  const Member* member = members.by_read_only_key(*key);
  return member != nullptr && address_of(request) == member->address ? member : nullptr;
}

}  // namespace polybot::venue_simulator
