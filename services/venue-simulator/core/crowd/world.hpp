// The texts of the simulated world: what its events and outcomes are called. Data only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace polybot::venue_simulator::world {

struct BinaryTheme {
  std::string_view slug;
  std::string_view question;
  std::int64_t fee_rate_ppm;
};
inline constexpr std::array<BinaryTheme, 8> kBinary = {{
    {"rate-cut-at-next-meeting", "Will the central bank cut rates at its next meeting?", 50'000},
    {"heat-record-this-summer", "Will this summer set a heat record?", 50'000},
    {"lunar-lander-lands-intact", "Will the lunar lander land intact?", 40'000},
    {"ceasefire-holds-through-month", "Will the ceasefire hold through the month?", 0},
    {"strike-ends-before-holiday", "Will the rail strike end before the holiday?", 40'000},
    {"album-released-before-tour", "Will the album be released before the tour?", 50'000},
    {"chip-maker-beats-forecast", "Will the chip maker beat its forecast?", 40'000},
    {"treaty-ratified-this-year", "Will the treaty be ratified this year?", 0},
}};

struct FamilyTheme {
  std::string_view slug;
  std::string_view title;
  std::uint32_t outcomes;
  std::int64_t fee_rate_ppm;
  std::array<std::string_view, 6> names;
};
inline constexpr std::array<FamilyTheme, 5> kNegRisk = {{
    {"city-mayor-election",
     "Who will win the mayoral election?",
     4,
     0,
     {"Adler", "Brandt", "Castellano", "Dupont", "", ""}},
    {"league-champion",
     "Who will win the league?",
     5,
     30'000,
     {"Harbour", "Northgate", "Rovers", "Steelworks", "United", ""}},
    {"next-party-leader",
     "Who will be the next party leader?",
     3,
     0,
     {"Fischer", "Gallo", "Holm", "", "", ""}},
    {"film-prize",
     "Which film will win the grand prize?",
     6,
     20'000,
     {"Ashes", "Blue Hour", "Crossing", "Delta", "Evergreen", "Far Shore"}},
    {"quarterly-growth-bracket",
     "How much will the economy grow this quarter?",
     4,
     40'000,
     {"below 0%", "0% to 1%", "1% to 2%", "above 2%", "", ""}},
}};
inline constexpr FamilyTheme kAugmented = {"next-host-city",
                                           "Which city will host the games?",
                                           4,
                                           0,
                                           {"Lisbon", "Nairobi", "Osaka", "Quito", "", ""}};
inline constexpr FamilyTheme kNonExclusive = {
    "summit-attendance",
    "Who will attend the summit?",
    4,
    0,
    {"the chancellor", "the premier", "the president", "the prince", "", ""}};
inline constexpr BinaryTheme kHalf = {"match-played-to-the-end",
                                      "Will the home side win, or one half each if abandoned?", 0};

struct UpDownTheme {
  std::string_view slug;
  std::string_view name;
};
inline constexpr std::array<UpDownTheme, 4> kUpDown = {
    {{"btc", "Bitcoin"}, {"eth", "Ethereum"}, {"sol", "Solana"}, {"xrp", "XRP"}}};

}  // namespace polybot::venue_simulator::world
