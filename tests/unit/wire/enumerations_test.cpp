// The numbers and words that leave a process, against a list that a reader can compare: they must
// mean the same to old journals, logs, dashboards and clients. Words that are only metric labels of
// a shell are held by the catalogue's closed label sets (golden/metric_catalogue.txt).
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "common/bus/stats.hpp"
#include "common/domain/order_table.hpp"
#include "common/domain/venue.hpp"
#include "common/wire/types_codec.hpp"
#include "polybot/v1/command.pb.h"
#include "polybot/v1/order.pb.h"
#include "polybot/v1/signal.pb.h"
#include "services/gateway/api/access/refusal.hpp"
#include "services/gateway/api/access/token_list.hpp"
#include "services/gateway/core/feed_supervisor.hpp"
#include "services/gateway/core/market_selection.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/core/merger_state.hpp"
#include "services/order-manager/core/views/figures.hpp"
#include "services/strategy-runner/core/signal_desk.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot::wire {
namespace {

using domain::kEnumerators;
using domain::name_of;

enum class Sent { Yes, No };

class Listing {
 public:
  // Number, number on the wire, word; `named` is the enum of the protocol, where there is one.
  template <class Enum>
  void add(std::string_view title, Sent sent,
           const google::protobuf::EnumDescriptor* named = nullptr) {
    text_ << "\n" << title << "\n";
    for (const Enum value : kEnumerators<Enum>) {
      const auto number = static_cast<unsigned>(value);
      line(number, sent == Sent::Yes ? std::to_string(wire_enum(value)) : "-", name_of(value));
      if (named == nullptr) continue;
      const auto* const of_protocol = named->FindValueByNumber(static_cast<int>(number) + 1);
      ASSERT_NE(of_protocol, nullptr) << title << " " << name_of(value);
      std::string word(name_of(value));
      std::transform(word.begin(), word.end(), word.begin(), [](char c) {
        return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      });
      EXPECT_TRUE(of_protocol->name().ends_with("_" + word)) << of_protocol->name();
    }
    if (named != nullptr) {
      EXPECT_EQ(named->value_count(), static_cast<int>(kEnumerators<Enum>.size()) + 1);
    }
  }
  // The kinds of a variant: index, field of the protocol, word.
  template <class Variant>
  void add_kinds(std::string_view title, const google::protobuf::Descriptor* message = nullptr) {
    text_ << "\n" << title << "\n";
    unsigned index = 0;
    for (const std::string_view kind : domain::kKindNames<Variant>) {
      const auto* const field =
          message == nullptr ? nullptr : message->FindFieldByName(std::string(kind));
      ASSERT_TRUE(message == nullptr || field != nullptr) << kind;
      line(index++, field == nullptr ? "-" : std::to_string(field->number()), kind);
    }
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  void line(unsigned number, const std::string& on_wire, std::string_view word) {
    text_ << std::setw(4) << number << std::setw(4) << on_wire << "  " << word << "\n";
  }
  std::ostringstream text_{"number, number on the wire, word\n", std::ios::ate};
};

void add_trading(Listing& listing) {
  listing.add<domain::Outcome>("Outcome", Sent::Yes, v1::Outcome_descriptor());
  listing.add<domain::Side>("Side", Sent::Yes, v1::Side_descriptor());
  listing.add<domain::BookSide>("BookSide", Sent::No);
  listing.add<domain::TimeInForce>("TimeInForce", Sent::Yes, v1::TimeInForce_descriptor());
  listing.add<domain::ExchangeVersion>("ExchangeVersion", Sent::Yes,
                                       v1::ExchangeVersion_descriptor());
  listing.add<domain::MarketStatus>("MarketStatus", Sent::Yes, v1::MarketStatus_descriptor());
  listing.add<domain::TradingState>("TradingState", Sent::Yes, v1::TradingState_descriptor());
  listing.add<domain::TradingMode>("TradingMode", Sent::Yes);
  listing.add<domain::SignalAction>("SignalAction", Sent::Yes, v1::SignalAction_descriptor());
  listing.add<domain::OrderStatus>("OrderStatus", Sent::Yes);
  listing.add<domain::OrderPurpose>("OrderPurpose", Sent::Yes);
  listing.add<domain::LiquiditySide>("LiquiditySide", Sent::Yes);
  listing.add<domain::FillStatus>("FillStatus", Sent::Yes);
  listing.add<domain::DenyReason>("DenyReason", Sent::Yes);
  listing.add<domain::RejectReason>("RejectReason", Sent::Yes);
  listing.add<domain::AmbiguityCause>("AmbiguityCause", Sent::Yes);
  listing.add<domain::CancelReason>("CancelReason", Sent::Yes);
  listing.add<domain::CommandDenyReason>("CommandDenyReason", Sent::Yes);
  listing.add<domain::StateReason>("StateReason", Sent::Yes);
  listing.add<domain::LeftReason>("LeftReason", Sent::Yes);
  listing.add<domain::IncomeKind>("IncomeKind", Sent::Yes, v1::IncomeKind_descriptor());
  listing.add_kinds<domain::EventBody>("EventBody", v1::Event::descriptor());
  listing.add_kinds<domain::CommandBody>("CommandBody", v1::Command::descriptor());
}

void add_services(Listing& listing) {
  namespace gw = gateway;
  namespace ma = metrics_aggregator;
  namespace om = order_manager;
  listing.add<bus::Refusal>("bus::Refusal", Sent::No);
  listing.add<bus::ReplayOutcome>("bus::ReplayOutcome", Sent::No);
  listing.add<gw::ResyncReason>("gateway::ResyncReason", Sent::No);
  listing.add<gw::LinkEnd>("gateway::LinkEnd", Sent::No);
  listing.add<gw::ChosenBy>("gateway::ChosenBy", Sent::No);
  listing.add<gw::ApiRefusal>("gateway::ApiRefusal", Sent::No);
  listing.add<gw::TokenUse>("gateway::TokenUse", Sent::No);
  listing.add<strategy_runner::Refusal>("strategy_runner::Refusal", Sent::No);
  listing.add<om::SignalOutcome>("order_manager::SignalOutcome", Sent::No);
  listing.add<om::LimitKind>("order_manager::LimitKind", Sent::No);
  listing.add<om::PauseCause>("order_manager::PauseCause", Sent::No);
  listing.add<ma::Drop>("metrics_aggregator::Drop", Sent::No);
  listing.add<ma::Conflict>("metrics_aggregator::Conflict", Sent::No);
  listing.add<ma::Cap>("metrics_aggregator::Cap", Sent::No);
  listing.add<ma::Start>("metrics_aggregator::Start", Sent::No);
}

void add_simulator(Listing& listing) {
  namespace sim = venue_simulator;
  listing.add<domain::VenueOrderStatus>("VenueOrderStatus", Sent::No);
  listing.add<domain::VenueTradeStatus>("VenueTradeStatus", Sent::No);
  listing.add<sim::FlowKind>("venue_simulator::FlowKind", Sent::No);
  listing.add<sim::Fault>("venue_simulator::Fault", Sent::No);
  listing.add<sim::OrderEventKind>("venue_simulator::OrderEventKind", Sent::No);
  listing.add<sim::MatchingEngine::OrderState>("venue_simulator::OrderState", Sent::No);
  listing.add<sim::MatchingEngine::TimerKind>("venue_simulator::TimerKind", Sent::No);
  listing.add<sim::OrderFlow::Shape>("venue_simulator::Shape", Sent::No);
  listing.add_kinds<sim::Input>("venue_simulator::Input");
}

TEST(Enumerations, HaveTheNumbersAndWordsOfTheGoldenFile) {
  std::ifstream file(POLYBOT_GOLDEN_DIR "/enumerations.txt");
  std::stringstream golden;
  golden << file.rdbuf();
  Listing listing;
  add_trading(listing);
  add_services(listing);
  add_simulator(listing);
  EXPECT_EQ(listing.text(), golden.str()) << "what is stored or shown would change its meaning:\n"
                                          << listing.text();
}

TEST(Enumerations, RefuseNumbersThatMeanNothing) {
  Reading reading;
  EXPECT_EQ(reading.enumerated<domain::FillStatus>(3), domain::FillStatus::Confirmed);
  EXPECT_FALSE(reading.failed());
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{4},
                                    std::int64_t{UINT32_MAX}, std::int64_t{INT64_MAX}}) {
    Reading refusing;
    (void)refusing.enumerated<domain::FillStatus>(number);
    EXPECT_EQ(refusing.error(), DecodeError::BadEnum) << number;
  }
}

TEST(Enumerations, AreFoundByTheirWords) {
  for (const auto reason : kEnumerators<domain::DenyReason>)
    EXPECT_EQ(domain::enumerator_named<domain::DenyReason>(name_of(reason)), reason);
  EXPECT_EQ(domain::enumerator_named<domain::Side>("Buy"), std::nullopt);
  EXPECT_EQ(identifier_of(domain::OrderStatus::PartiallyFilled), "PartiallyFilled");
}

}  // namespace
}  // namespace polybot::wire
