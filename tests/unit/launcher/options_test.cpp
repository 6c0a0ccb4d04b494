// Where a stack's data goes when DATA is not given.
#include "deploy/launcher/options.hpp"

#include <gtest/gtest.h>

namespace polybot::launcher {
namespace {

std::filesystem::path data_of(const Environment& environment, Home home) {
  return read_options(environment, "20260608-120000", home).data;
}

TEST(Options, KeepDataOfACloneInTheWorkingFolder) {
  EXPECT_EQ(data_of({{"HOME", "/home/ada"}}, Home::WorkingFolder),
            std::filesystem::absolute("data/sim"));
}

TEST(Options, KeepDataOfTheInstalledProgramWithTheUser) {
  EXPECT_EQ(data_of({{"HOME", "/home/ada"}}, Home::User), "/home/ada/.local/share/polybot/sim");
  EXPECT_EQ(data_of({{"HOME", "/home/ada"}, {"XDG_DATA_HOME", "/srv/ada"}}, Home::User),
            "/srv/ada/polybot/sim");
  EXPECT_EQ(data_of({{"HOME", "/home/ada"}, {"XDG_DATA_HOME", "here"}}, Home::User),
            "/home/ada/.local/share/polybot/sim");
}

TEST(Options, LetDataSayWhere) {
  for (const Home home : {Home::WorkingFolder, Home::User})
    EXPECT_EQ(data_of({{"DATA", "/srv/a/../stack"}}, home), "/srv/stack");
}

TEST(Options, AskForAFolderWhereThereIsNoHome) {
  EXPECT_THROW((void)data_of({}, Home::User), BadOption);
}

TEST(Options, OfPaperAreItsOwn) {
  const Options paper = read_options({{"MODE", "paper"}}, "", Home::WorkingFolder);
  EXPECT_EQ(paper.mode, domain::TradingMode::Paper);
  EXPECT_EQ(paper.data, std::filesystem::absolute("data/paper"));
  for (const char* name : {"SEED", "EDGE", "RECORDING", "SPEED", "BUS_TLS"}) {
    EXPECT_THROW((void)read_options({{"MODE", "paper"}, {name, "1"}}, "", Home::WorkingFolder),
                 BadOption)
        << name;
  }
  EXPECT_THROW((void)read_options({{"MODE", "papier"}}, "", Home::WorkingFolder), BadOption);
}

TEST(Options, OfLiveWantAConfigurationOfTheOperators) {
  EXPECT_THROW((void)read_options({{"MODE", "live"}}, "", Home::WorkingFolder), BadOption);
  const Environment own{{"MODE", "live"}, {"CONFIG", "/tmp"}};
  const Options live = read_options(own, "", Home::WorkingFolder);
  EXPECT_EQ(live.mode, domain::TradingMode::Live);
  EXPECT_EQ(live.data, std::filesystem::absolute("data/live"));
  for (const char* name : {"SEED", "EDGE", "RECORDING", "SPEED"}) {
    Environment given = own;
    given[name] = "1";
    EXPECT_THROW((void)read_options(given, "", Home::WorkingFolder), BadOption) << name;
  }
}

TEST(Options, SayWhatANumberMayBe) {
  const auto refusal = [](const Environment& environment) -> std::string {
    try {
      (void)read_options(environment, "", Home::WorkingFolder);
    } catch (const BadOption& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({{"RUNNERS", "17"}}), "RUNNERS must be a whole number from 1 to 16, not '17'");
  EXPECT_EQ(refusal({{"RUNNERS", "0"}}), "RUNNERS must be a whole number from 1 to 16, not '0'");
  EXPECT_EQ(refusal({{"PORT_OFFSET", "x"}}),
            "PORT_OFFSET must be a whole number from 0 to 24600, not 'x'");
  EXPECT_EQ(refusal({{"SEED", "0"}, {"PORT_OFFSET", "0"}, {"RUNNERS", "16"}}), "");
}

}  // namespace
}  // namespace polybot::launcher
