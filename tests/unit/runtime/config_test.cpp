#include "common/runtime/config.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/runtime/config_text.hpp"

namespace polybot::runtime::config {
namespace {

using domain::Money;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Reader reader(std::string_view toml, const Environment& environment = {}) {
  return Reader::parse(toml, "gateway.toml", environment);
}

std::string errors_of(Reader& from) {
  try {
    from.finish();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

constexpr auto kMax = domain::Money::from_units(1'000'000);
constexpr auto kZero = domain::Money{};
enum class Color { Red, Blue };

TEST(ConfigTest, ReadsEveryType) {
  Reader r = reader(R"(
name = "x"
[a]
count = 7
on = true
ratio = 0.25
span = "250ms"
money = "0.45"
whole = 100
list = ["p", "q"]
color = "blue"
)");
  EXPECT_EQ(r.string("name", ""), "x");
  EXPECT_EQ(r.integer("a.count", 0, 0, 10), 7);
  EXPECT_TRUE(r.boolean("a.on", false));
  EXPECT_EQ(r.real("a.ratio", 0, 0, 1), 0.25);
  EXPECT_EQ(r.duration("a.span", seconds(1), seconds(0), seconds(9)), milliseconds(250));
  EXPECT_EQ(r.decimal("a.money", kZero, kZero, kMax), Money::parse("0.45"));
  EXPECT_EQ(r.decimal("a.whole", kZero, kZero, kMax), Money::from_units(100));
  EXPECT_EQ(r.strings("a.list", {}), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(r.choice("a.color", Color::Red), Color::Blue);
  EXPECT_EQ(errors_of(r), "");
}

TEST(ConfigTest, FallsBackToDefaults) {
  Reader r = reader("");
  EXPECT_EQ(r.string("a", "b"), "b");
  EXPECT_EQ(r.port("p", 8080), 8080);
  EXPECT_EQ(r.strings("l", {"z"}), std::vector<std::string>{"z"});
  EXPECT_TRUE(r.secret("key", Presence::Optional).empty());
  EXPECT_EQ(errors_of(r), "");
}

TEST(ConfigTest, TheEnvironmentWins) {
  const Environment environment{{"POLYBOT_RISK__ORDER_NOTIONAL_MAX", "50.5"},
                                {"POLYBOT_A__ON", "1"},
                                {"POLYBOT_A__N", "-3"},
                                {"POLYBOT_A__LIST", "x, y"},
                                {"POLYBOT_A__SPAN", "2m"},
                                {"POLYBOT_A__NONE", ""},
                                {"POLYBOT_REPLICA", "gw-1"},
                                {"POLYBOT_PORT", "tcp://10.0.0.1:80"},
                                {"PATH", "/bin"}};
  Reader r = reader("[risk]\norder_notional_max = \"100\"\n[a]\nn = 5\n", environment);
  EXPECT_EQ(r.decimal("risk.order_notional_max", kZero, kZero, kMax), Money::parse("50.5"));
  EXPECT_TRUE(r.boolean("a.on", false));
  EXPECT_EQ(r.integer("a.n", 0, -10, 10), -3);
  EXPECT_EQ(r.strings("a.list", {}), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(r.strings("a.none", {"d"}).empty());
  EXPECT_EQ(r.duration("a.span", seconds(0), seconds(0), seconds(500)), seconds(120));
  EXPECT_EQ(errors_of(r), "");
}

TEST(ConfigTest, CollectsAllErrorsWithLineAndKey) {
  Reader r = reader(R"([risk]
order_notinal_max = "100"
count = "seven"
many = 99
price = 0.45
span = 30
places = "1.0000001"
[odd]
thing = 1
)",
                    {{"POLYBOT_RISK__OPEN", "x"}, {"POLYBOT_NO__SUCH", "1"}});
  (void)r.decimal("risk.order_notional_max", kZero, kZero, kMax);
  (void)r.integer("risk.count", 0, 0, 9);
  (void)r.integer("risk.many", 0, 0, 9);
  (void)r.decimal("risk.price", kZero, kZero, kMax);
  (void)r.duration("risk.span", seconds(0), seconds(0), seconds(9));
  (void)r.decimal("risk.places", kZero, kZero, kMax);
  (void)r.integer("risk.open", 0, 0, 9);
  const std::string errors = errors_of(r);
  EXPECT_THAT(errors, HasSubstr("gateway.toml:2: risk.order_notinal_max: unknown key "
                                "(did you mean risk.order_notional_max?)"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:3: risk.count: must be an integer, got a string"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:4: risk.many: must be between 0 and 9, got 99"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:5: risk.price: must be a string or an integer"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:6: risk.span: must be a duration"));
  EXPECT_THAT(errors,
              HasSubstr("gateway.toml:7: risk.places: must be a decimal with at most 6 places"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:9: odd.thing: unknown key"));
  EXPECT_THAT(
      errors,
      HasSubstr("environment POLYBOT_RISK__OPEN: risk.open: must be an integer, got \"x\""));
  EXPECT_THAT(errors, HasSubstr("environment POLYBOT_NO__SUCH: no.such: unknown key"));
}

TEST(ConfigTest, ReadsTablesByName) {
  Reader r = reader(R"(
[strategies.spread_farm]
size = "5"
[strategies.arbitrage]
size = "7"
typo = 1
)",
                    {{"POLYBOT_STRATEGIES__ARBITRAGE__SIZE", "9"}});
  EXPECT_EQ(r.table_names("strategies"), (std::vector<std::string>{"spread_farm", "arbitrage"}));
  Reader arbitrage = r.table("strategies").table("arbitrage");
  EXPECT_EQ(arbitrage.decimal("size", kZero, kZero, kMax), Money::from_units(9));
  (void)r.table("strategies.spread_farm").decimal("size", kZero, kZero, kMax);
  EXPECT_EQ(errors_of(r), "gateway.toml:6: strategies.arbitrage.typo: unknown key");
}

TEST(ConfigTest, NamesTheFileThatIsMissing) {
  try {
    (void)Reader::load("/no/such/gateway.toml", {});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "/no/such/gateway.toml: cannot read the configuration file: No such file or directory");
  }
}

TEST(ConfigTest, NamesTheLineThatIsNotToml) {
  try {
    (void)reader("a = 1\nb = = 2\n");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gateway.toml:2: "));
  }
}

TEST(ConfigTest, TakesSecretsFromFilesOnly) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("polybot-config-test-" + std::to_string(::getpid()));
  std::ofstream(path) << "hunter2\n";
  Reader r = reader("[venue]\nsecret_file = \"" + path.string() + "\"\nkey = \"inline\"\n");
  EXPECT_EQ(r.secret("venue.secret", Presence::Required).reveal(), "hunter2");
  EXPECT_TRUE(r.secret("venue.key", Presence::Required).empty());
  std::filesystem::remove(path);
  EXPECT_TRUE(r.secret("venue.secret", Presence::Required).empty());
  const std::string errors = errors_of(r);
  EXPECT_THAT(errors, HasSubstr("venue.key_file: is required"));
  EXPECT_THAT(errors, HasSubstr("gateway.toml:3: venue.key: unknown key"));
  EXPECT_THAT(errors, HasSubstr("venue.secret_file: cannot read " + path.string()));
  EXPECT_EQ(errors.find("hunter2"), std::string::npos);
}

TEST(ConfigTest, RefusesAnUnknownVariable) {
  Reader r = reader("", {{"POLYBOT_RISK_POSITION_MAX", "50"}, {"POLYBOT_ENABLED", "false"}});
  (void)r.integer("risk.position_max", 0, 0, 99);
  const std::string errors = errors_of(r);
  EXPECT_THAT(errors, HasSubstr("environment POLYBOT_RISK_POSITION_MAX: risk_position_max: unknown "
                                "key (did you mean risk.position_max?)"));
  EXPECT_THAT(errors, HasSubstr("environment POLYBOT_ENABLED: enabled: unknown key"));
}

// It is not clear which of them should win.
TEST(ConfigTest, RefusesTwoVariablesForOneKey) {
  Reader r =
      reader("", {{"POLYBOT_RISK__POSITION_MAX", "50"}, {"POLYBOT_risk__position_max", "60"}});
  (void)r.integer("risk.position_max", 0, 0, 99);
  EXPECT_EQ(errors_of(r),
            "environment POLYBOT_RISK__POSITION_MAX and POLYBOT_risk__position_max: "
            "risk.position_max: both set it; unset one of them");
}

TEST(ConfigTest, TakesTheLevelOfTheLogFromItsOwnVariableFirst) {
  Reader r = reader("[log]\nlevel = \"info\"\n",
                    {{"LOG_LEVEL", "loud"}, {"POLYBOT_LOG__LEVEL", "debug"}, {"LOG_FORMAT", ""}});
  EXPECT_EQ(r.string("log.level", ""), "loud");
  EXPECT_EQ(r.string("log.format", "text"), "text");
  r.error("log.level", "is no level");
  EXPECT_EQ(errors_of(r), "environment LOG_LEVEL: log.level: is no level");
}

TEST(ConfigTest, LeavesTheVariablesOfOthersAlone) {
  Reader r = reader("", {{"POLYBOT_REPLICA", "gw-1"},
                         {"POLYBOT_RECORDED_DATA", "/data"},
                         {"POLYBOT_SERVICE_HOST", "10.0.0.1"},
                         {"POLYBOT_SERVICE_PORT", "8080"},
                         {"POLYBOT_SERVICE_PORT_API", "8080"},
                         {"POLYBOT_PORT", "tcp://10.0.0.1:8080"},
                         {"POLYBOT_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
                         {"POLYBOT_PORT_8080_TCP_PROTO", "tcp"},
                         {"POLYBOT_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.1"}});
  EXPECT_EQ(errors_of(r), "");
  Reader mistaken = reader("", {{"POLYBOT_API_PORT", "9999"}});
  EXPECT_THAT(errors_of(mistaken), HasSubstr("POLYBOT_API_PORT"));
}

TEST(ConfigTest, ListsTheKeysThatItKnows) {
  Reader r = reader("[a]\nunknown = 1\n", {{"POLYBOT_A__ALSO_UNKNOWN", "1"}});
  (void)r.table("b").boolean("on", false);
  (void)r.integer("a.n", 0, 0, 9);
  EXPECT_EQ(r.known_keys(), (std::vector<std::string>{"a.n", "b.on"}));
  EXPECT_EQ(variable_of("a.order_max"), "POLYBOT_A__ORDER_MAX");
  EXPECT_EQ(key_of(variable_of("a.order_max")), "a.order_max");
}

TEST(ConfigTest, ChecksBeforeTheSecretsAreMade) {
  const std::string file = "[venue]\nkey_file = \"/nowhere/venue-key\"\n";
  Reader checked = reader(file);
  (void)checked.secret("venue.key", Presence::Required);
  EXPECT_THAT(checked.finish_check(), testing::ElementsAre(HasSubstr("/nowhere/venue-key")));
  Reader started = reader(file);
  (void)started.secret("venue.key", Presence::Required);
  EXPECT_THAT(errors_of(started), HasSubstr("gateway.toml:2: venue.key_file: cannot read "));
}

TEST(ConfigTest, FindsNoFaultBelowATableWhoseShapeIsNotKnown) {
  Reader r = reader("[a]\ntype = \"no such\"\n[a.parameters]\nx = 1\n[a.parametersx]\ny = 1\n",
                    {{"POLYBOT_A__PARAMETERS__Z", "1"}});
  Reader table = r.table("a");
  (void)table.string("type", "");
  table.accept_below("parameters");
  const std::string errors = errors_of(r);
  EXPECT_EQ(errors.find("parameters."), std::string::npos) << errors;
  EXPECT_THAT(errors, HasSubstr("a.parametersx.y: unknown key"));
}

TEST(ConfigTest, ParsesDurations) {
  EXPECT_EQ(parse_duration("100us"), std::chrono::microseconds(100));
  EXPECT_EQ(parse_duration("0s"), seconds(0));
  EXPECT_EQ(parse_duration("1d"), std::chrono::hours(24));
  for (const char* const text : {"", "5", "s", "-1s", "1.5s", "1 s", "1w", "9999999999999d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace polybot::runtime::config
