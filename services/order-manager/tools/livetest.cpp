#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <utility>

#include "common/runtime/service.hpp"
#include "services/order-manager/live_lock.hpp"
#include "services/order-manager/livetest/live_test.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/venue_command.hpp"

namespace polybot::order_manager {
namespace {

using runtime::CannotStart;

constexpr std::string_view kLivetestUsage =
    R"(usage: order-manager livetest [--config FILE] [--market SLUG|CONDITION_ID] [--fill USD] [--json]

Proves that this account can trade, with the smallest order there is: places one that rests far from the market, sees it
by REST and user channel, cancels it, and sees it gone. If this is killed, the order ends by itself within three minutes.
An order-manager that runs meanwhile books what is bought to external, and so does the next one; it should be halted.

  --config FILE  the configuration, as a start of order-manager takes it (default: the one that a start takes)
  --market M     in this market (default: the most traded one that fits)
  --fill USD     then buy the smallest amount there is, for at most so many pUSD, and see it on the chain; the shares
                 stay in the account
  --json         the result as JSON, in the form of doctor's

Exit codes: 0 every step passed, 1 one did not, 2 it could not be run.
)";

struct LivetestWords {
  bool help = false;
  bool json = false;
  std::string config;
  livetest::Wanted wanted;
};

Config read_livetest_config(const std::string& file) {
  runtime::config::Reader reader = runtime::load_configuration("order-manager", file);
  Config config = read_config(reader);
  reader.finish();
  return config;
}

domain::Money parsed_fill(const std::string& text) {
  const auto amount = domain::Money::parse(text);
  if (!amount || !amount->is_positive())
    throw CannotStart("--fill needs an amount of pUSD, as in --fill 2, and got '" + text + "'");
  return *amount;
}

LivetestWords parsed_livetest_words(const std::vector<std::string>& words) {
  LivetestWords parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--json") {
      parsed.json = true;
    } else if (word == "--help" || word == "-h") {
      parsed.help = true;
    } else if (word != "--config" && word != "--market" && word != "--fill") {
      throw CannotStart("unexpected '" + word + "' (order-manager livetest --help)");
    } else if (++i == words.size()) {
      throw CannotStart(word + " needs a value (order-manager livetest --help)");
    } else if (word == "--config") {
      parsed.config = words[i];
    } else if (word == "--market") {
      parsed.wanted.market = words[i];
    } else {
      parsed.wanted.fill = parsed_fill(words[i]);
    }
  }
  return parsed;
}

doctor::Report tested(Config config, livetest::Wanted wanted, const std::string& version) {
  doctor::Progress progress;
  progress.begin("opening the key");
  const VenueKey key = std::exchange(config.venue.key, {});
  polymarket::OrderSigner signer = order_manager::open(key);
  const polymarket::OrderParty party =
      party_of(config.venue.wallet, signer.address(), config.venue.chain_id);
  const runtime::Clock clock;
  const LiveLock may_trade(config, party.wallet, clock.now());
  boost::asio::io_context io(1);
  livetest::LiveTest test(io.get_executor(), config, party, std::move(signer), progress,
                          std::move(wanted));
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&test](const boost::system::error_code& ec, int) {
    if (!ec) test.stop();
  });
  doctor::Report report{
      .command = "livetest",
      .at = {},
      .version = version,
      .venue = config.venue.rest,
      .chain_id = config.venue.chain_id,
      .wallet = party.wallet,
      .configuration = fingerprint_of(config.venue, config.settings.account_limits, party.wallet),
      .checks = {}};
  boost::asio::co_spawn(io, test.run(),
                        [&](const std::exception_ptr& error, std::vector<doctor::Check> checks) {
                          signals.cancel();
                          if (error) std::rethrow_exception(error);
                          report.checks = std::move(checks);
                          io.stop();
                        });
  io.run();
  report.at = clock.now();
  return report;
}

}  // namespace

int livetest_command(const std::vector<std::string>& arguments, const std::string& version) {
  try {
    LivetestWords words = parsed_livetest_words(arguments);
    if (words.help) {
      fmt::print("{}", kLivetestUsage);
      return 0;
    }
    const doctor::Report report =
        tested(read_livetest_config(words.config), std::move(words.wanted), version);
    fmt::print("{}",
               words.json ? doctor::json_of(report) + "\n" : text_of(report, look_of_output()));
    return report.passed() ? 0 : 1;
  } catch (const std::exception& error) {
    return tell_that_it_cannot_run("livetest", error.what());
  }
}

}  // namespace polybot::order_manager
