#include "services/gateway/api/json_writer.hpp"

#include <gtest/gtest.h>

namespace polybot::gateway {
namespace {

TEST(JsonWriter, WritesNestedValuesWithCommasInTheRightPlaces) {
  JsonWriter out;
  out.begin_object()
      .field("a", 1)
      .key("b")
      .begin_array()
      .value("x")
      .value(true)
      .begin_object()
      .end_object()
      .null();
  out.end_array().field("c", "").end_object();
  EXPECT_EQ(out.take(), R"({"a":1,"b":["x",true,{},null],"c":""})");
}

TEST(JsonWriter, WritesMoneyAsExactStringsAndInstantsInUtc) {
  JsonWriter out;
  out.begin_array()
      .value(domain::Price::from_raw(4500))
      .value(domain::Money::from_raw(-3'000'001))
      .value(domain::from_unix_ms(1'780'795'911'767))
      .value(domain::Timestamp{})
      .value(std::optional<domain::Price>{})
      .value(std::uint64_t{18446744073709551615U})
      .end_array();
  EXPECT_EQ(out.take(),
            R"(["0.45","-3.000001","2026-06-07T01:31:51.767Z",null,null,18446744073709551615])");
}

TEST(JsonWriter, EscapesWhatComesFromOutside) {
  JsonWriter out;
  out.begin_object().field("q", std::string_view("a\"b\n\xff")).end_object();
  EXPECT_EQ(out.take(), "{\"q\":\"a\\\"b\\n\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace polybot::gateway
