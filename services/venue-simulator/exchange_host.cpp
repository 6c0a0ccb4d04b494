#include "services/venue-simulator/exchange_host.hpp"

#include "common/runtime/logging.hpp"
#include "services/venue-simulator/core/archive.hpp"

namespace polybot::venue_simulator {

using domain::Timestamp;
using std::chrono::seconds;

namespace {

// Time alone is logged at least this often, so that a fold ends near the time of the death.
constexpr domain::Duration kMarkEvery = seconds(1);

template <class Truth>
std::string to_record(Truth& truth) {
  std::string record;
  Saver saver(record);
  saver(truth);
  return record;
}

template <class Truth>
bool read_record(std::string_view record, const std::function<bool(const Truth&)>& use) {
  Truth truth;
  Loader loader(record);
  loader(truth);
  return !loader.ok() || use(truth);
}

}  // namespace

ExchangeHost::ExchangeHost(Options options)
    : options_(std::move(options)),
      settings_(options_.config.exchange),
      log_(options_.config.folder) {
  old_orders_ = std::make_unique<HistoryFile>(options_.config.folder / "orders");
  old_trades_ = std::make_unique<HistoryFile>(options_.config.folder / "trades");
  auto opened = log_.open();
  if (opened) {
    resume(std::move(*opened));
  } else {
    begin();
  }
  synced_at_ = compacted_at_ = options_.now();
}

void ExchangeHost::begin() {
  const Timestamp now = options_.now();
  log_.create({settings_, now, options_.recording_fingerprint});
  exchange_ = std::make_unique<Exchange>(settings_, now, outputs_);
  marked_at_ = now;
}

void ExchangeHost::resume(InputLog::Opened opened) {
  if (opened.header.recording != options_.recording_fingerprint) {
    throw runtime::CannotStart("the data folder " + options_.config.folder.string() +
                               (opened.header.recording.empty()
                                    ? " belongs to the synthetic flow"
                                    : " belongs to the recording " + opened.header.recording) +
                               "; each recording needs a folder of its own");
  }
  const ExchangeSettings wanted = settings_;
  settings_ = opened.header.settings;
  if (settings_.seed != wanted.seed) {
    runtime::log::warning("The data folder keeps its seed",
                          {{"seed", settings_.seed}, {"configured", wanted.seed}});
  }
  exchange_ = std::make_unique<Exchange>(settings_, opened.header.started_at, outputs_);
  if (opened.state && !exchange_->load(*opened.state)) {
    throw runtime::CannotStart("the state in " + options_.config.folder.string() +
                               " cannot be read");
  }
  marked_at_ = exchange_->now();
  folded_ = log_.replay([this](const Input& logged, Timestamp at) {
    Input input = logged;
    if (auto* frames = std::get_if<PlayFrames>(&input);
        frames != nullptr && options_.resolve_frames) {
      options_.resolve_frames(*frames);
    }
    outputs_.clear();
    exchange_->on(input, at, outputs_);
    file_archived();
    marked_at_ = at;
  });
  static_cast<void>(apply(WakeUp{}));
  static_cast<void>(apply(SetFlow{true}));
  name_faults();
  follow_configuration(wanted);
}

// A fault that was on survives the restart; the log names it for an operator who wonders why other
// services cannot start.
void ExchangeHost::name_faults() const {
  for (const Fault which : domain::kEnumerators<Fault>) {
    if (fault(which) == nullptr) continue;
    runtime::log::warning(
        "A fault is still on from before the restart",
        {{"fault", to_string(which)}, {"clear", "DELETE /faults/" + to_string(which)}});
  }
}

// Except for the seed, the configuration of this start counts, not that of the first.
void ExchangeHost::follow_configuration(const ExchangeSettings& wanted) {
  Reconfigure change{wanted.engine, wanted.flow};
  change.engine.seed = change.flow.seed = settings_.seed;
  if (change.engine == engine().settings() && change.flow == exchange_->flow().settings()) return;
  static_cast<void>(apply(change));
}

const Outputs& ExchangeHost::apply(const Input& input) {
  const Timestamp now = std::max(options_.now(), exchange_->now());
  outputs_.clear();
  exchange_->on(input, now, outputs_);
  log_.append(input, now);
  marked_at_ = now;
  file_archived();
  if (publish) publish(outputs_);
  return outputs_;
}

void ExchangeHost::advance() {
  const Timestamp now = options_.now();
  const auto due = exchange_->next_due();
  if ((due && *due <= now) || now - marked_at_ >= kMarkEvery)
    static_cast<void>(apply(AdvanceTime{}));
}

void ExchangeHost::file_archived() {
  MatchingEngine::Archived archived = exchange_->engine().take_archived();
  if (archived.orders.empty() && archived.trades.empty()) return;
  const MatchingEngine::Forgotten& forgotten = engine().forgotten();
  std::uint64_t number = forgotten.orders - archived.orders.size();
  for (OrderTruth& order : archived.orders) old_orders_->append(++number, to_record(order));
  number = forgotten.trades - archived.trades.size();
  for (TradeTruth& trade : archived.trades) old_trades_->append(++number, to_record(trade));
}

void ExchangeHost::read_old_orders(std::uint64_t after,
                                   const std::function<bool(const OrderTruth&)>& use) const {
  old_orders_->read(after, [&](std::string_view record) { return read_record(record, use); });
}

void ExchangeHost::read_old_trades(std::uint64_t after,
                                   const std::function<bool(const TradeTruth&)>& use) const {
  old_trades_->read(after, [&](std::string_view record) { return read_record(record, use); });
}

void ExchangeHost::maintain() {
  const Timestamp now = options_.now();
  if (now - synced_at_ >= options_.config.sync_every) {
    log_.sync();
    synced_at_ = now;
  }
  const bool old = now - compacted_at_ >= options_.config.snapshot_every;
  if (!old && log_.bytes() < options_.config.snapshot_bytes) return;
  log_.compact(exchange_->save());
  compacted_at_ = now;
}

void ExchangeHost::close() {
  log_.compact(exchange_->save());
  log_.sync();
}

const FaultSettings* ExchangeHost::fault(Fault fault) const {
  return exchange().faults().active(fault, std::max(options_.now(), exchange().now()));
}

const FaultSettings* ExchangeHost::fault(Fault fault, const domain::MarketId& market) const {
  return exchange().faults().active(fault, std::max(options_.now(), exchange().now()), market);
}

std::int64_t ExchangeHost::told_seconds() const {
  constexpr domain::Duration kAhead = std::chrono::minutes(2);
  domain::Timestamp told = now();
  if (const FaultSettings* const ahead = fault(Fault::VenueClock))
    told += ahead->delay.count() > 0 ? ahead->delay : kAhead;
  return domain::to_unix_ms(told) / 1000;
}

// This is not logged: at worst a restart grants one occasion too many.
void ExchangeHost::fault_used(Fault fault) {
  exchange_->faults().used(fault);
}

}  // namespace polybot::venue_simulator
