// The key, and whether the wallet that the configuration names is the one that the venue knows.
#include <fmt/format.h>

#include "common/polymarket/messages/chain.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/order-manager/doctor/checks.hpp"

namespace polybot::order_manager::doctor {
namespace {

using polymarket::VenueWallet;
using polymarket::WalletKind;

constexpr std::string_view kDelegated = "0xef0100";  // EIP-7702: the address lends another's code

std::string named(const VenueWallet& wallet) {
  return fmt::format("{} wallet {} (signature type {})", polymarket::name_of(wallet.kind),
                     polymarket::to_checksum(wallet.address), static_cast<int>(wallet.type()));
}

Check check_key(const Facts& facts) {
  if (!facts.key_fault.empty())
    return fails("key", facts.key_fault, "see venue.private_key_file and its passphrase's file");
  std::string open;
  for (const std::string& exposure : facts.exposures)
    open.append(open.empty() ? "" : "; ").append(exposure);
  if (!open.empty()) {
    return fails("key", "a secret can be read by others: " + open,
                 "chmod 600 the file; if others use this host, take another key");
  }
  return passes("key", facts.key_file + " is its owner's alone");
}

bool has_no_deposit_wallet(const Answer& balance) {
  return balance.end == Answer::End::Answered && balance.status == 404 &&
         polymarket::parse_error_body(balance.body) == polymarket::refusal::kNoDepositWallet;
}

// The wallet of the same key that has the money, when the configured one has none.
std::optional<VenueWallet> richer_wallet(const Facts& facts) {
  const auto own = balance_of(facts, facts.wallet->kind);
  if (own && own->is_positive()) return std::nullopt;
  for (const VenueWallet& wallet : polymarket::wallets_of(facts.wallet->owner, facts.chain_id)) {
    const auto money = balance_of(facts, wallet.kind);
    // The two kinds of deposit wallets have one signature type, so the venue tells of both alike.
    if (wallet.type() != facts.wallet->type() && money && money->is_positive()) return wallet;
  }
  return std::nullopt;
}

Check check_derivation(const Facts& facts) {
  if (!facts.wallet_fault.empty()) {
    return fails("wallet", facts.wallet_fault,
                 "set venue.wallet and venue.funder to the wallet that the venue's own page shows");
  }
  if (!facts.wallet) return unchecked("wallet", "the key cannot be opened");
  if (const auto richer = richer_wallet(facts)) {
    return fails(
        "wallet",
        fmt::format("the money lies in the key's {}, not in the configured {}", named(*richer),
                    named(*facts.wallet)),
        fmt::format("set venue.wallet = \"{}\" if that is the wallet which the venue's own "
                    "page shows",
                    polymarket::name_of(richer->kind)));
  }
  const auto balance = facts.balances.find(facts.wallet->kind);
  if (balance != facts.balances.end() && has_no_deposit_wallet(balance->second)) {
    return fails(
        "wallet",
        fmt::format("the venue knows no {}: {}", named(*facts.wallet), refusal_of(balance->second)),
        "log in at the venue's page once, which deploys it, or set venue.wallet to the "
        "wallet which that page shows");
  }
  return passes("wallet", named(*facts.wallet) + (facts.funder_configured
                                                      ? ", as venue.funder says"
                                                      : "; venue.funder would make sure of it"));
}

Check check_chain(const Facts& facts) {
  constexpr const char* kNode = "name a node of the chain in venue.rpc to have it checked";
  if (!facts.node_configured) return unchecked("chain", "venue.rpc names no node", kNode);
  if (auto missing = unanswered("chain", "eth_chainId of venue.rpc", facts.node_chain, facts))
    return *missing;
  const auto hex = polymarket::parse_chain_answer(facts.node_chain.body);
  const auto chain = hex ? polymarket::chain_number(*hex) : std::nullopt;
  if (!chain) {
    return fails("chain", "venue.rpc is answered without a chain",
                 "name a JSON-RPC address of a node of Polygon");
  }
  if (*chain != facts.chain_id) {
    return fails("chain",
                 fmt::format("venue.rpc is a node of chain {}, and venue.chain_id is {}: the venue "
                             "would answer \"{}\"",
                             *chain, facts.chain_id, polymarket::refusal::kInvalidSignature),
                 "set venue.chain_id to the venue's chain (Polygon: 137)");
  }
  return passes("chain", fmt::format("the node of venue.rpc is of chain {}", *chain));
}

Check check_code(const Facts& facts) {
  if (!facts.wallet) return unchecked("code", "the key has no wallet as configured");
  const bool needs_code = facts.wallet->kind != WalletKind::Eoa;
  if (!facts.node_configured && !needs_code)
    return passes("code", "the key's own address needs none");
  if (!facts.node_configured) {
    return unchecked(
        "code", "venue.rpc names no node of the chain",
        "name one in venue.rpc, or see at the venue's page that the wallet is deployed");
  }
  if (auto missing = unanswered("code", "eth_getCode of venue.rpc", facts.code, facts))
    return *missing;
  const auto code = polymarket::parse_chain_answer(facts.code.body);
  if (!code) return fails("code", "venue.rpc tells no code", "see that venue.rpc is right");
  const bool deployed = code->size() > 2;
  if (needs_code && !deployed) {
    return fails("code",
                 fmt::format("the {} is not deployed: its orders would be answered \"{}\"",
                             named(*facts.wallet),
                             facts.wallet->type() == polymarket::SignatureType::Poly1271
                                 ? polymarket::refusal::kWrongSigner
                                 : polymarket::refusal::kMakerNotAllowed),
                 "log in at the venue's page once, which deploys it, or set venue.wallet to the "
                 "wallet which that page shows");
  }
  if (!needs_code && code->starts_with(kDelegated)) {
    return warns("code", "the key's own address has lent its code to a contract (EIP-7702)",
                 "see that you did that yourself");
  }
  return passes("code", needs_code ? "the wallet is deployed" : "the key's own address needs none");
}

// Whether the venue takes orders of such a maker is only told to orders. One that it has taken
// before is proof.
Check check_maker(const Facts& facts) {
  if (!facts.wallet) return unchecked("maker", "the key has no wallet as configured");
  if (facts.wallet->kind != WalletKind::Eoa)
    return passes("maker", "the venue takes orders of wallets of this kind");
  if (auto missing = unanswered("maker", "GET /data/trades", facts.trades, facts)) return *missing;
  const auto trades = polymarket::parse_trades(facts.trades.body);
  if (trades && !trades->items.empty())
    return passes("maker", "the venue has traded with this wallet before");
  return warns("maker",
               fmt::format("this address has not traded yet, and the venue may take no new ones: "
                           "\"{}\"",
                           polymarket::refusal::kMakerNotAllowed),
               "if the first order is refused so, open a deposit wallet at the venue's page and "
               "set venue.wallet = \"deposit\"");
}

}  // namespace

std::optional<domain::Money> balance_of(const Facts& facts, WalletKind kind) {
  const auto found = facts.balances.find(kind);
  if (found == facts.balances.end() || !found->second.good()) return std::nullopt;
  const auto told = polymarket::parse_balance_allowance(found->second.body);
  if (!told) return std::nullopt;
  return domain::Money::from_raw(told->balance);
}

void check_wallet(const Facts& facts, std::vector<Check>& checks) {
  checks.push_back(check_key(facts));
  checks.push_back(check_derivation(facts));
  checks.push_back(check_chain(facts));
  checks.push_back(check_code(facts));
  checks.push_back(check_maker(facts));
}

}  // namespace polybot::order_manager::doctor
