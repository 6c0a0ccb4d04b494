#include "services/order-manager/live_lock.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "common/http/url.hpp"
#include "common/polymarket/digest.hpp"
#include "common/runtime/clock.hpp"
#include "services/order-manager/doctor/result_file.hpp"

namespace polybot::order_manager {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view kAcknowledgement =
    "I trade with real money and accept that I can lose all of it";
// Approvals, balance and region change; an operator who has just looked knows of them.
constexpr domain::Duration kResultAgeMax = 1h;
// The clock may have been set back a little since.
constexpr domain::Duration kClockSetBackMax = 1min;
constexpr std::size_t kResultBytesMax = 1'000'000;
constexpr std::size_t kTimeBytes = std::string_view("2026-06-08T12:00:00.123Z").size();
constexpr const char* kRunDoctor = "; run order-manager doctor with this configuration";

std::string text_at(const json::value& from, std::string_view key) {
  const json::object* object = from.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(key);
  const json::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

// Of the former result: refused whole when it is not one.
std::string refusal_of(const json::value& result, const Config& config,
                       const polymarket::VenueWallet& wallet) {
  const auto differs = [](std::string_view what, const std::string& was, const std::string& is) {
    return fmt::format("doctor looked at {} {}, and this trades {}{}", what,
                       was.empty() ? "unknown" : was, is, kRunDoctor);
  };
  if (const std::string was = text_at(result, "venue"); was != config.venue.rest)
    return differs("the venue", was, config.venue.rest);
  const json::value* seen = result.as_object().if_contains("wallet");
  const std::string address = seen == nullptr ? std::string() : text_at(*seen, "address");
  const std::string owner = seen == nullptr ? std::string() : text_at(*seen, "owner");
  if (address != to_checksum(wallet.address))
    return differs("the wallet", address, to_checksum(wallet.address));
  if (owner != to_checksum(wallet.owner))
    return differs("the key of", owner, to_checksum(wallet.owner));
  const std::string configuration =
      fingerprint_of(config.venue, config.settings.account_limits, wallet);
  if (text_at(result, "configuration") != configuration)
    return std::string("[venue], [risk] or [live] has changed since doctor looked") + kRunDoctor;
  return {};
}

bool is_real_venue(const std::string& address) {
  const auto url = http::parse_url(address);
  if (!url) return false;
  constexpr std::string_view kSite = "polymarket.com";
  return url->host == kSite || url->host.ends_with("." + std::string(kSite));
}

std::string text_of_result(const std::string& file) {
  std::ifstream in(file);
  std::string text(kResultBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// Whether a process of this account and configuration died within the hour.
bool died_lately(const std::string& mark, const std::string& fingerprint, domain::Timestamp now) {
  std::ifstream in(mark);
  std::string whose;
  std::string alive_at;
  if (!(in >> whose >> alive_at) || whose != fingerprint || alive_at.size() != kTimeBytes)
    return false;
  return alive_at >= runtime::to_rfc3339(now - kResultAgeMax) &&
         alive_at <= runtime::to_rfc3339(now + kClockSetBackMax);
}

}  // namespace

std::string fingerprint_of(const VenueConfig& venue, const domain::RiskLimits& limits,
                           const std::optional<polymarket::VenueWallet>& wallet) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", venue.rest, venue.gamma,
                                 venue.user_ws, venue.geoblock, venue.node, venue.chain_id,
                                 polymarket::to_hex(venue.wallet.builder),
                                 venue.credentials ? venue.credentials->api_key() : "");
  if (wallet) {
    text += fmt::format("{} {} {}\n", polymarket::name_of(wallet->kind),
                        to_checksum(wallet->address), to_checksum(wallet->owner));
  }
  for (const domain::Money amount :
       {limits.order_notional_max, limits.position_max, limits.event_exposure_max,
        limits.exposure_max, limits.daily_loss_max, limits.drawdown_max, limits.balance_min})
    text += amount.to_string() + "\n";
  text += fmt::format("{} {} {} {}\n", limits.open_orders_max, limits.order_rate_max,
                      limits.order_burst_max, limits.price_band.to_string());
  return polymarket::to_hex(polymarket::sha256(polymarket::bytes_of(text)));
}

void check_live(runtime::config::Reader& reader, const Config& config) {
  if (config.settings.mode != domain::TradingMode::Live) return;
  const LiveConfig& live = config.live;
  if (live.acknowledgement != kAcknowledgement) {
    reader.error(
        "live.acknowledgement",
        fmt::format("is required where venue.mode is live: write \"{}\"", kAcknowledgement));
  }
  for (const std::string& key : live.unsaid) {
    reader.error(
        key, "is required where venue.mode is live, which takes no default: say how much, in pUSD");
  }
}

std::string refusal_of(std::string_view result, const Config& config,
                       const polymarket::VenueWallet& wallet, domain::Timestamp now) {
  if (result.empty()) return std::string("doctor has not looked at it yet") + kRunDoctor;
  boost::system::error_code error;
  const json::value read = json::parse(result, error);
  const json::value* format =
      error || !read.is_object() ? nullptr : read.if_object()->if_contains("doctor");
  if (format == nullptr || *format != 1 || text_at(read, "at").size() != kTimeBytes)
    return std::string("doctor.json is no result of this version's doctor") + kRunDoctor;
  if (const std::string other = refusal_of(read, config, wallet); !other.empty()) return other;
  if (text_at(read, "verdict") != "pass") {
    return fmt::format("doctor failed: {}. Then run order-manager doctor again",
                       text_at(read, "next"));
  }
  const std::string at = text_at(read, "at");
  if (at < runtime::to_rfc3339(now - kResultAgeMax))
    return fmt::format("doctor passed at {}, more than an hour ago{}", at, kRunDoctor);
  if (at > runtime::to_rfc3339(now + kClockSetBackMax))
    return fmt::format("doctor passed at {}, which is still to come; set the clock{}", at,
                       kRunDoctor);
  return {};
}

LiveLock::LiveLock(const Config& config, const polymarket::VenueWallet& wallet,
                   domain::Timestamp now) {
  if (config.settings.mode != domain::TradingMode::Live) {
    if (!is_real_venue(config.venue.rest)) return;
    throw runtime::CannotStart("venue.rest is " + config.venue.rest +
                               ", where orders are of real money: set venue.mode = \"live\", "
                               "which says what else it needs");
  }
  const std::string result = doctor::result_file(config.journal_file);
  mark_ = std::filesystem::path(result).replace_filename("live-mark").string();
  fingerprint_ = fingerprint_of(config.venue, config.settings.account_limits, wallet);
  kind_ = died_lately(mark_, fingerprint_, now) ? StartKind::Resumed : StartKind::Operators;
  if (kind_ == StartKind::Resumed) return;
  const std::string why = refusal_of(text_of_result(result), config, wallet, now);
  if (!why.empty()) throw runtime::CannotStart("live: " + why);
}

void LiveLock::live() const {
  if (kind_ == StartKind::Untied) return;
  const std::string now = runtime::to_rfc3339(runtime::Clock().now());
  const std::error_code error = doctor::keep_result(mark_, fingerprint_ + " " + now + "\n");
  if (!error) return;
  throw runtime::CannotStart("live: " + mark_ + " cannot be written (" + error.message() +
                             "): see to its folder");
}

void LiveLock::end() const {
  std::error_code ignored;  // a start within the hour would then go on for this process
  if (kind_ != StartKind::Untied) std::filesystem::remove(mark_, ignored);
}

}  // namespace polybot::order_manager
