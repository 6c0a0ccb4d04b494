#include "services/order-manager/engine.hpp"

#include <openssl/rand.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "common/runtime/logging.hpp"
#include "services/order-manager/journal/journal_owner.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
namespace log = runtime::log;

constexpr domain::Duration kTimerInterval = 100ms;
constexpr domain::Duration kReopenPause = 1s;
// Inputs of one turn: bounds the transaction and the time until other work of the loop gets its
// turn.
constexpr std::size_t kInputsPerTurnMax = 256;
// Newest records kept for replays; older ones are served as a snapshot.
constexpr std::uint64_t kRememberedRecords = 50'000;

std::uint64_t random_id() {
  std::uint64_t id = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) != 1) {
    throw JournalError("journal: no random bytes for the id of a new journal");
  }
  return id;
}

// That a trade was mined or confirmed is news of seconds ago and waits up to a timer interval:
// there are as many of these as of orders, and every fifth signal stood behind a commit of theirs.
// Inputs keep their order, so the next signal finds settled what was said to be settled before it.
bool can_wait(const Input& input) {
  const auto* trade = std::get_if<domain::VenueTrade>(&input);
  return trade != nullptr && (trade->status == domain::VenueTradeStatus::Mined ||
                              trade->status == domain::VenueTradeStatus::Confirmed ||
                              trade->status == domain::VenueTradeStatus::Retrying);
}

}  // namespace

Engine::Engine(boost::asio::any_io_executor executor, std::string journal_path, Settings settings,
               OrderIdentity identity, Effects effects)
    : executor_(std::move(executor)),
      journal_path_(std::move(journal_path)),
      settings_(std::move(settings)),
      identity_(std::move(identity)),
      effects_(std::move(effects)) {}

void Engine::start() {
  begin();
  if (failed_) throw JournalError("journal: " + journal_path_ + " cannot be written: " + failure_);
}

void Engine::begin() {
  journal_.reset();  // gives up the lock before it is taken again
  auto journal = std::make_unique<Journal>(journal_path_, JournalAccess::ReadWrite);
  if (failed_) {
    // Before all the work of a fold: is there any use in it?
    if (const std::string why = journal->probe(); !why.empty()) {
      failure_ = "cannot be written: " + why;
      return;
    }
  }
  auto core = std::make_unique<OrderManager>(settings_, identity_);
  const std::uint64_t last = journal->last_seq();
  // After a failed commit: what was told is in this journal, or never was.
  effects_.forget();
  const StartUp start_up =
      fold_journal(*journal, *core, effects_.resume, [&](const domain::StreamedEvent& streamed) {
        if (streamed.event.seq + kRememberedRecords > last) effects_.remember(streamed);
      });
  effects_.resume(core->ledger());  // streams that have been silent for longer than is remembered
  if (last > 0) {
    const std::string other =
        of_another(journal_path_, {core->ledger().account(), core->ledger().mode()},
                   {settings_.account, settings_.mode});
    if (!other.empty()) throw JournalError(other);
  }
  const bool is_adopted = last > 0 && !core->ledger().account() && settings_.account;
  journal->lay_out_log();
  // The old core goes on cancelling until here.
  journal_ = std::move(journal);
  core_ = std::move(core);
  snapshots_.begin_at(last);
  outputs_.clear();
  failed_ = false;
  core_->start(random_id(), clock_.now(), outputs_);
  finish();
  if (failed_) return;
  settings_.halted_at_start = false;  // a journal that is opened again is no start
  if (is_adopted) {
    log::info("The journal did not say whose it is: from now on it is this account's",
              {{"account", to_string(*settings_.account)}});
  }
  for (const auto& [channel, link] : links_) post(VenueSessionChanged{channel, link});
  if (stopping_) post(ShutdownRequested{});
  effects_.started(start_up);
}

void Engine::post(Input input) {
  const bool urgent = !can_wait(input);
  stopping_ = stopping_ || std::holds_alternative<ShutdownRequested>(input);
  const bool is_command = std::holds_alternative<domain::Command>(input);
  (is_command ? commands_ : inputs_).push_back(std::move(input));
  if (urgent) schedule();
}

void Engine::post_link(VenueSessionChanged change) {
  links_[change.channel] = change.link;
  post(change);
}

void Engine::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  boost::asio::post(executor_, [this] { turn(); });
}

std::optional<Input> Engine::next() {
  std::deque<Input>& queue = commands_.empty() ? inputs_ : commands_;
  if (queue.empty()) return std::nullopt;
  std::optional<Input> input = std::move(queue.front());
  queue.pop_front();
  return input;
}

void Engine::turn() {
  scheduled_ = false;
  for (std::size_t taken = 0; taken < kInputsPerTurnMax; ++taken) {
    const std::optional<Input> input = next();
    if (!input) break;
    const domain::Duration begun = clock_.monotonic();
    core_->on(*input, clock_.now(), outputs_);
    if (std::holds_alternative<SignalReceived>(*input))
      effects_.decided(clock_.monotonic() - begun);
  }
  finish();
  if (!commands_.empty() || !inputs_.empty()) schedule();
}

void Engine::finish() {
  if (failed_) {
    // Nothing this core decides will be durable: only its cancels count.
    if (!outputs_.at_once.cancels.empty()) effects_.cancel(outputs_.at_once.cancels);
    outputs_.clear();
    return;
  }
  std::vector<std::function<void()>> sends;
  const bool durable = finish_turn(
      outputs_, [&](const Outputs::AtOnce& at_once) { effects_.cancel(at_once.cancels); },
      [&](const std::vector<domain::StreamedEvent>& records) {
        for (const SubmitBatch& batch : outputs_.after_commit.submits) {
          sends.push_back(effects_.prepare(batch));
        }
        return commit(records);
      },
      [&](const Outputs& outputs) {
        for (const auto& send : sends) send();
        carry_out(outputs);
      });
  if (!durable) fail(failure_);
}

bool Engine::commit(const std::vector<domain::StreamedEvent>& records) {
  const domain::Duration begun = clock_.monotonic();
  failure_ = journal_->append(records);
  if (!failure_.empty()) return false;
  effects_.committed(clock_.monotonic() - begun);
  return true;
}

void Engine::carry_out(const Outputs& outputs) {
  for (const Read& read : outputs.after_commit.reads) effects_.read(read);
  for (const domain::StreamedEvent& record : outputs.record) effects_.publish(record);
  for (const domain::StreamedEvent& repeat : outputs.after_commit.repeats) effects_.publish(repeat);
  for (const std::string& trade : outputs.after_commit.given_up)
    log::error("A trade that cannot be read is sought no more: what it moved is drift",
               {{"id", trade}});
}

void Engine::fail(const std::string& why) {
  failed_ = true;
  failure_ = why;
  retry_at_ = clock_.monotonic() + kReopenPause;
  failure_log_.write(
      log::Level::Critical,
      "The journal cannot be written: every order is canceled, trading is halted until it can",
      {{"journal", journal_path_}, {"error", why}});
  effects_.commit_failed(why);
  core_->on(CommitFailed{}, clock_.now(), outputs_);
  finish();
}

// Between two turns the ledger is what the journal says: nothing waits for a commit.
void Engine::take_snapshot() {
  if (failed_) return;
  std::string why;
  const SnapshotTaker::Step step = snapshots_.step(*journal_, core_->ledger(), why);
  effects_.snapshot(step, why);
}

void Engine::take_last_snapshot() {
  if (failed_) return;
  std::string why;
  const SnapshotTaker::Step step = snapshots_.finish(*journal_, core_->ledger(), why);
  effects_.snapshot(step, why);
}

boost::asio::awaitable<void> Engine::run() {
  while (true) {
    co_await runtime::sleep_for(kTimerInterval);
    if (failed_ && clock_.monotonic() >= retry_at_) {
      retry_at_ = clock_.monotonic() + kReopenPause;
      try {
        begin();
        if (!failed_)
          log::warning("The journal can be written again", {{"journal", journal_path_}});
      } catch (const JournalError& error) {
        failed_ = true;
        failure_ = error.what();
      }
    }
    take_snapshot();
    post(TimerFired{});
  }
}

}  // namespace polybot::order_manager
