#include "services/gateway/api/access/failed_tokens.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace polybot::gateway {

namespace ip = boost::asio::ip;

std::string network_of(std::string_view address) {
  boost::system::error_code wrong;
  const ip::address parsed = ip::make_address(std::string(address), wrong);
  if (wrong || parsed.is_v4()) return std::string(address);
  const ip::address_v6& v6 = parsed.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  return ip::make_network_v6(v6, 64).network().to_string();
}

FailedTokens::Entry& FailedTokens::entry_of(const std::string& network, domain::Duration now) {
  const auto known = places_.find(network);
  if (known != places_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
  } else {
    if (entries_.size() == kAddressesMax) {
      places_.erase(entries_.back().network);
      entries_.pop_back();
    }
    entries_.push_front({.network = network, .last = now});
    places_[network] = entries_.begin();
  }
  return entries_.front();
}

domain::Duration FailedTokens::hold(std::string_view address, domain::Duration now) {
  Entry& entry = entry_of(network_of(address), now);
  if (now - entry.last > kForgotten) entry.delay = {};
  entry.last = now;
  entry.delay = std::clamp(2 * entry.delay, kFirst, kLongest);
  if (held_ >= kHeldMax || entry.held >= kHeldOfAddress) return domain::Duration::zero();
  ++held_;
  ++entry.held;
  return entry.delay;
}

void FailedTokens::release(std::string_view address) {
  --held_;
  const auto known = places_.find(network_of(address));
  if (known != places_.end() && known->second->held > 0) --known->second->held;
}

}  // namespace polybot::gateway
