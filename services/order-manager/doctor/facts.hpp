// What order-manager doctor has learned before it judges: the configuration, the key, and the
// answers of the venue. examination.hpp asks, checks.hpp judges.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/domain/ids.hpp"
#include "common/domain/risk_limits.hpp"
#include "common/domain/time.hpp"
#include "common/http/client.hpp"
#include "common/polymarket/address.hpp"
#include "common/polymarket/amounts.hpp"
#include "common/polymarket/venue_wallet.hpp"

namespace polybot::order_manager::doctor {

// How a question ended.
struct Answer {
  enum class End : std::uint8_t { NotAsked, Failed, Answered };
  End end = End::NotAsked;
  std::string why_not{};    // it was not asked: "the key cannot be opened"
  http::Failure failure{};  // of one that failed
  unsigned status = 0;
  std::string body{};  // of a 200 all of it, of a refusal what the venue says, without secrets

  [[nodiscard]] bool good() const { return end == End::Answered && status == 200; }
};

// One of the addresses that the configuration names, and what became of the first question there.
struct Host {
  std::string key;  // "venue.rest"
  std::string url;
  Answer answer{};
};

// The order that was built and signed, and not sent.
struct SampleOrder {
  std::string why_not{};                           // it could not be built or signed; empty: it was
  std::optional<polymarket::Address> recovered{};  // who signed, as the exchange would find
  std::string market{};
};

struct Facts {
  // The configuration.
  std::vector<Host> hosts;
  std::uint64_t chain_id = 0;
  std::optional<domain::Money> balance_min;
  domain::RiskLimits limits;
  bool credentials_configured = false;
  bool node_configured = false;  // venue.rpc

  // The key and its wallet.
  std::string key_file;
  std::string key_fault;               // it cannot be opened; empty: it was
  std::vector<std::string> exposures;  // files of secrets that others may open: what to do
  std::optional<polymarket::VenueWallet> wallet;
  std::string wallet_fault;  // the key has no wallet as configured
  bool funder_configured = false;

  // Of the venue, to anybody.
  Answer time;
  domain::Timestamp time_asked{};  // of this host, around the question
  domain::Timestamp time_told{};
  Answer version;
  Answer gate;  // an empty order of nobody: regions and windows are told before anything is read
  Answer site;  // the gate of the venue's own site
  Answer listing;
  Answer market;  // the record of the market that `sample` is for

  // Of the venue, to the owner of the key.
  Answer derived;             // credentials; without its body
  bool derived_read = false;  // they could be read
  Answer keys;                // the first question with credentials
  Answer closed_only;
  std::map<polymarket::WalletKind, Answer> updates;         // that the chain be read again
  std::map<polymarket::WalletKind, Answer> balances;        // of collateral
  Answer shares;                                            // balance and spenders of one token
  std::vector<Answer> open_orders;                          // a page each
  std::optional<std::set<domain::VenueOrderId>> journaled;  // open in the journal; none: no journal
  std::string journal_fault;                                // it cannot be read
  Answer trades;                                            // the first page of the wallet's

  // Of a node of the chain.
  Answer node_chain;
  Answer code;
  Answer old_collateral;

  SampleOrder sample;
  std::string fence;                       // another process took the account: what is known of it
  std::string fence_next;                  // what to do about that
  std::optional<std::uint64_t> disk_free;  // bytes, where journal and result lie
  std::string disk_fault;                  // nothing can be written there
};

}  // namespace polybot::order_manager::doctor
