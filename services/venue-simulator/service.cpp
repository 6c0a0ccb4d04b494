#include "services/venue-simulator/service.hpp"

#include <memory>
#include <optional>

#include "common/http/server.hpp"
#include "common/runtime/logging.hpp"
#include "common/runtime/until_one_ends.hpp"
#include "services/venue-simulator/api/admin_api.hpp"
#include "services/venue-simulator/api/routes.hpp"
#include "services/venue-simulator/api/shapes.hpp"
#include "services/venue-simulator/mirror_driver.hpp"
#include "services/venue-simulator/replay_driver.hpp"

namespace polybot::venue_simulator {
namespace {

namespace log = runtime::log;

constexpr std::chrono::milliseconds kStopGrace{1'000};
// In the place of a recording's: a folder stays what it began as.
constexpr const char* kMirrorFingerprint = "of a live venue";

}  // namespace

// All parts of a running simulator, in the order of dependence.
class Simulator::Parts {
 public:
  Parts(runtime::Runtime& runtime, const Config& config)
      : runtime_(runtime),
        config_(config),
        replay_(make_replay(config)),
        host_(host_options()),
        members_(host_.seed(), config.chain_id),
        wallets_(config.chain_id, config.wallets),
        gate_(host_, runtime.incarnation,
              config.mirror ? config.mirror->latency : domain::Duration{}),
        market_channel_(host_, book_of(), runtime.incarnation + 1),
        user_channel_(runtime.io.get_executor(), host_, members_, runtime.incarnation + 2),
        public_api_(host_, book_of()),
        markets_api_(host_, members_, config.live_activity),
        prices_api_(host_, book_of()),
        rewards_api_(host_, wallets_),
        keys_api_(host_, members_, {config.chain_id, config.deposit, config.existing_key}),
        account_api_(host_, members_),
        private_api_(host_, members_, gate_, wallets_),
        chain_api_(host_, wallets_),
        admin_api_(host_, market_channel_, user_channel_, runtime.admin.refused(), replay_status(),
                   [this] { return mirror_ ? mirror_->status() : std::string(); }),
        server_(runtime.io.get_executor(), server_options()) {
    members_.learn(host_.exchange());
    host_.publish = [this](const Outputs& outputs) {
      members_.learn(host_.exchange());
      // A replay publishes the recorded feed instead of the exchange's own.
      if (!replay_) market_channel_.publish(outputs);
      user_channel_.publish(outputs);
    };
    register_routes(server_.router(),
                    {public_api_, markets_api_, prices_api_, rewards_api_, keys_api_, account_api_,
                     private_api_, chain_api_},
                    host_, members_, gate_);
    market_channel_.register_routes(server_.router());
    user_channel_.register_routes(server_.router());
    admin_api_.register_routes(runtime.admin.router());
    if (replay_) replay_->begin(host_);
    if (config.mirror) {
      mirror_ = std::make_unique<MirrorDriver>(runtime.io.get_executor(), *config.mirror, host_,
                                               market_channel_, runtime.health);
    }
    server_.listen();
  }

  [[nodiscard]] std::uint16_t api_port() const { return server_.port(); }

  boost::asio::awaitable<void> run() {
    runtime_.health.set_ready("exchange");
    log::info("Venue open", {{"address", server_.address()},
                             {"markets", host_.engine().markets().size()},
                             {"seed", host_.seed()},
                             {"folded_inputs", host_.folded_inputs()}});
    if (mirror_) {
      (void)co_await runtime::until_one_ends(take_turns(), mirror_->run());
    } else {
      co_await take_turns();
    }
    runtime_.health.set_not_ready("exchange", "stopping");
    co_await server_.stop(kStopGrace);
    host_.close();
  }

 private:
  boost::asio::awaitable<void> take_turns() {
    // gcc 12 miscompiles a co_await in a loop's condition.
    for (;;) {
      const bool on = co_await runtime_.stop.sleep_for(config_.turn);
      if (!on) break;
      turn();
    }
  }

  static std::unique_ptr<ReplayDriver> make_replay(const Config& config) {
    if (config.recording.empty()) return nullptr;
    return std::make_unique<ReplayDriver>(config.recording, config.speed_percent);
  }

  ExchangeHost::Options host_options() {
    ExchangeHost::Options options;
    options.config = config_;
    options.now = [clock = runtime_.clock] { return clock.now(); };
    if (replay_) {
      options.recording_fingerprint = replay_->fingerprint();
      options.resolve_frames = [this](PlayFrames& frames) { replay_->resolve(frames); };
    }
    if (config_.mirror) options.recording_fingerprint = kMirrorFingerprint;
    return options;
  }

  MarketChannel::BookOf book_of() {
    return [this](const domain::TokenId& token) {
      if (replay_) return replay_->book_of(token, host_.engine(), host_.now());
      return book_summary(token, host_.engine(), host_.now());
    };
  }

  AdminApi::ReplayStatus replay_status() {
    if (!replay_) return {};
    return [this] {
      const bool finished = replay_->finished();
      const recording::Recording& recording = replay_->recording();
      std::string text = "{\"frames\":" + std::to_string(host_.exchange().replay().position()) +
                         ",\"unreadable\":" + std::to_string(replay_->unreadable_frames()) +
                         ",\"skipped_lines\":" + std::to_string(recording.skipped_lines()) +
                         ",\"finished\":" + (finished ? "true" : "false") +
                         ",\"says\":" + (finished ? "\"replay finished\"" : "\"replaying\"");
      const auto add = [&text](std::string_view key, std::string_view value) {
        text.append(key);
        http::append_json_string(text, value);
      };
      add(",\"first_unreadable\":", replay_->first_unreadable());
      add(",\"first_skipped\":", recording.first_skipped());
      add(",\"damage\":", recording.damage());
      return text + "}";
    };
  }

  http::ServerOptions server_options() const {
    http::ServerOptions options;
    options.address = config_.api_address;
    options.port = config_.api_port;
    options.config_key = "api.port";
    options.server_name = "venue-simulator";
    options.limits.body_bytes_max = 1 << 20;  // 500 tokens of 78 digits, 1000 order ids
    options.observer.on_session_error = [](std::string_view what) {
      log::error("A session ended unexpectedly", {{"what", what}});
    };
    return options;
  }

  void tell_finish() {
    log::info("Replay finished", {{"frames", host_.exchange().replay().position()}});
    const recording::Recording& recording = replay_->recording();
    if (!recording.damage().empty()) {
      log::warning("The recording is damaged: it ends where it cannot be read",
                   {{"damage", recording.damage()}});
    }
    if (recording.skipped_lines() > 0) {
      log::warning("Lines of the recording were no frames",
                   {{"lines", recording.skipped_lines()}, {"first", recording.first_skipped()}});
    }
    if (replay_->unreadable_frames() > 0) {
      log::warning(
          "Frames of the recording could not be read",
          {{"frames", replay_->unreadable_frames()}, {"first", replay_->first_unreadable()}});
    }
  }

  void turn() {
    if (mirror_) mirror_->turn();  // before anything else: what is old may fill nothing
    host_.advance();
    const bool down = host_.fault(Fault::VenueDown) != nullptr;
    if (replay_ && !down) {
      replay_->play(host_, [this](const polymarket::MarketFrame& frame, domain::Timestamp now) {
        market_channel_.publish_recorded(frame, now);
      });
      if (replay_->finished() && !finish_told_) {
        finish_told_ = true;
        tell_finish();
      }
    }
    user_channel_.drop_sockets();
    if (down) {
      market_channel_.close_all(http::CloseCode::GoingAway, "");
      user_channel_.close_all(http::CloseCode::GoingAway, "");
    }
    host_.maintain();
  }

  runtime::Runtime& runtime_;
  Config config_;
  std::unique_ptr<ReplayDriver> replay_;
  ExchangeHost host_;
  Members members_;
  Wallets wallets_;
  FaultGate gate_;
  MarketChannel market_channel_;
  UserChannel user_channel_;
  PublicApi public_api_;
  MarketsApi markets_api_;
  PricesApi prices_api_;
  RewardsApi rewards_api_;
  KeysApi keys_api_;
  AccountApi account_api_;
  PrivateApi private_api_;
  ChainApi chain_api_;
  AdminApi admin_api_;
  http::Server server_;
  std::unique_ptr<MirrorDriver> mirror_;
  bool finish_told_ = false;
};

Simulator::Simulator(runtime::Runtime& runtime, const Config& config)
    : parts_(std::make_unique<Parts>(runtime, config)) {}
Simulator::~Simulator() = default;

boost::asio::awaitable<void> Simulator::run() {
  return parts_->run();
}
std::uint16_t Simulator::api_port() const {
  return parts_->api_port();
}

boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config) {
  runtime.health.add("exchange");
  Simulator simulator(runtime, config);
  co_await simulator.run();
}

}  // namespace polybot::venue_simulator
