#include "services/venue-simulator/api/chain_api.hpp"

#include <algorithm>

#include "common/polymarket/messages/chain.hpp"

namespace polybot::venue_simulator {

using polymarket::ChainQuestion;

namespace {

// What a proxy of a wallet is does not matter here, only that there is something.
constexpr std::string_view kSomeCode = "0x363d3d373d3d363d7f5af43d82803e903d91603857fd5bf3";

}  // namespace

std::uint64_t ChainApi::balance(const polymarket::Address& token,
                                const polymarket::Address& holder) const {
  const bool old = host_.fault(Fault::OldCollateral) != nullptr;
  if (token != (old ? polymarket::kOldCollateralToken : polymarket::kCollateralToken)) return 0;
  const Accounts& accounts = host_.engine().accounts();
  const AccountId* const account = wallets_.account_of(accounts, holder);
  if (account == nullptr) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, accounts[*account].cash.raw()));
}

http::Response ChainApi::call(const http::Request& request) const {
  const auto question = polymarket::parse_chain_question(request.body);
  if (!question) return http::json(polymarket::write_chain_error(to_string(question.error())));
  switch (question->kind) {
    case ChainQuestion::Kind::ChainId:
      return http::json(polymarket::write_chain_answer(polymarket::chain_hex(wallets_.chain_id())));
    case ChainQuestion::Kind::Code: {
      const bool code = wallets_.has_code(host_.engine().accounts(), question->address);
      return http::json(polymarket::write_chain_answer(code ? kSomeCode : "0x"));
    }
    case ChainQuestion::Kind::Balance:
      break;
  }
  return http::json(polymarket::write_chain_answer(
      polymarket::chain_hex(balance(question->token, question->address))));
}

}  // namespace polybot::venue_simulator
