// What the owner of the key alone may ask, and what the journal says to it.
#include <string.h>

#include <filesystem>
#include <initializer_list>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "services/order-manager/doctor/examination.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/start_up.hpp"

namespace polybot::order_manager::doctor {
namespace {

using boost::asio::awaitable;

constexpr int kOrderPagesMax = 100;  // far more than an account can have open

// From the newest snapshot that can be used. Throws JournalError.
Ledger present_ledger(const Journal& journal) {
  Ledger ledger;
  for (const SnapshotLabel& label : journal.snapshots().labels()) {
    SnapshotRefusal refused;
    auto begun = ledger_of(journal, label, refused);
    if (!begun) continue;
    ledger = std::move(*begun);
    break;
  }
  journal.read(ledger.last_seq() + 1, journal.last_seq(),
               [&ledger](const domain::Event& event) { ledger.apply(event); });
  return ledger;
}

void leave(std::initializer_list<Answer*> answers, const char* why) {
  for (Answer* const answer : answers) answer->why_not = why;
}

}  // namespace

awaitable<Answer> Examination::get_own(std::string path, std::string query) {
  http::ClientRequest request{.url = config_.venue.rest + path + query};
  const polymarket::SignedRequest signed_request{.method = "GET", .path = path, .body = {}};
  for (const auto& [name, value] :
       credentials_->headers(patient_->signer.address(), now_s(), signed_request))
    request.headers.set(name, value);
  auto asked = ask(At::Rest, std::move(request));
  co_return co_await std::move(asked);
}

// They are derived, never made: what there is not is a finding.
awaitable<void> Examination::ask_credentials() {
  if (credentials_) co_return;
  http::ClientRequest request{.url = config_.venue.rest + "/auth/derive-api-key"};
  // So that nothing copies the secret but the wiped body.
  request.headers.set("Accept-Encoding", "identity");
  for (const auto& [name, value] :
       polymarket::l1_headers(patient_->signer, config_.venue.chain_id, now_s(), 0))
    request.headers.set(name, value);
  auto asked = ask(At::Rest, std::move(request));
  facts_.derived = co_await std::move(asked);
  if (!facts_.derived.good()) co_return;
  auto read = polymarket::parse_api_credentials(facts_.derived.body);
  ::explicit_bzero(facts_.derived.body.data(), facts_.derived.body.size());
  facts_.derived.body.clear();
  facts_.derived_read = read.has_value();
  if (read) credentials_ = std::move(*read);
}

awaitable<void> Examination::ask_balances() {
  // Of all wallets of the key: the money may lie in another one than the configured.
  for (const polymarket::VenueWallet& wallet :
       polymarket::wallets_of(patient_->signer.address(), config_.venue.chain_id)) {
    const std::string query =
        "?asset_type=COLLATERAL&signature_type=" + std::to_string(static_cast<int>(wallet.type()));
    facts_.updates[wallet.kind] = co_await get_own("/balance-allowance/update", query);
    facts_.balances[wallet.kind] = co_await get_own("/balance-allowance", query);
  }
  if (!market_ || !facts_.market.good()) co_return;
  const std::string query =
      "?asset_type=" + std::string(polymarket::asset_type_of(market_->yes_token)) +
      "&token_id=" + domain::to_string(market_->yes_token) +
      "&signature_type=" + std::to_string(static_cast<int>(patient_->party.wallet.type()));
  (void)co_await get_own("/balance-allowance/update", query);
  facts_.shares = co_await get_own("/balance-allowance", query);
}

awaitable<void> Examination::ask_open_orders() {
  std::string cursor(polymarket::kFirstCursor);
  for (int page = 0; page < kOrderPagesMax; ++page) {
    facts_.open_orders.push_back(co_await get_own("/data/orders", "?next_cursor=" + cursor));
    const Answer& answer = facts_.open_orders.back();
    if (!answer.good()) co_return;
    const auto read = polymarket::parse_open_orders(answer.body);
    if (!read || read->last()) co_return;
    cursor = read->next_cursor;
  }
}

// After the venue has told its orders: each of ours was in the journal before it left.
void Examination::look_into_journal() {
  std::error_code error;
  if (!std::filesystem::exists(config_.journal_file, error)) return;
  progress_.begin("reading the journal");
  try {
    const Journal journal(config_.journal_file, JournalAccess::ReadOnly);
    const Ledger ledger = present_ledger(journal);
    facts_.journaled.emplace();
    for (const Answer& answer : facts_.open_orders) {
      const auto page = polymarket::parse_open_orders(answer.body);
      if (!answer.good() || !page) continue;
      for (const polymarket::OrderRecord& order : page->items) {
        if (ledger.orders().find(order.id) != nullptr) facts_.journaled->insert(order.id);
      }
    }
  } catch (const JournalError& failure) {
    facts_.journal_fault = failure.what();
  }
}

awaitable<void> Examination::ask_account() {
  const std::initializer_list<Answer*> own{&facts_.keys, &facts_.closed_only, &facts_.trades,
                                           &facts_.shares};
  leave({&facts_.derived}, "the key has no wallet as configured");
  leave(own, "the key has no wallet as configured");
  facts_.open_orders.assign(1, facts_.keys);
  if (!patient_) co_return;
  leave(own, "there are no API credentials");
  facts_.open_orders.assign(1, facts_.keys);
  const auto leave_balances = [this] {
    facts_.updates[patient_->party.wallet.kind] = facts_.closed_only;
    facts_.balances[patient_->party.wallet.kind] = facts_.closed_only;
  };
  leave_balances();
  co_await ask_credentials();
  if (!credentials_) co_return;
  facts_.keys = co_await get_own("/auth/api-keys");
  if (!facts_.keys.good()) {
    leave({&facts_.closed_only, &facts_.trades, &facts_.shares}, "the API key is not accepted");
    facts_.open_orders.assign(1, facts_.closed_only);
    leave_balances();
    co_return;
  }
  facts_.closed_only = co_await get_own(std::string(polymarket::kClosedOnlyPath));
  co_await ask_balances();
  facts_.trades = co_await get_own(
      "/data/trades", "?maker_address=" + polymarket::to_checksum(patient_->party.wallet.address));
  facts_.open_orders.clear();
  co_await ask_open_orders();
  look_into_journal();
}

}  // namespace polybot::order_manager::doctor
