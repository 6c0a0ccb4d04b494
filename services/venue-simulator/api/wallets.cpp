#include "services/venue-simulator/api/wallets.hpp"

#include "common/polymarket/messages/refusals.hpp"

namespace polybot::venue_simulator {

std::string refused_wallet(const Member& member, const polymarket::OrderToSign& order) {
  if (order.signer != member.address) return std::string(polymarket::refusal::kWrongSigner);
  if (order.signature_type != polymarket::SignatureType::Eoa || order.maker != member.address)
    return "maker address not allowed, please use the deposit wallet flow";
  return {};
}

}  // namespace polybot::venue_simulator
