#include "common/http/gzip.hpp"

#include <gtest/gtest.h>

#include "common/http/fault.hpp"

namespace polybot::http {
namespace {

using namespace std::string_literals;

// What `printf hello | gzip -n` prints, and an empty member.
const std::string kHello =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
    "\x00\x00"s;
const std::string kNothing =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"s;

TEST(GzipTest, UnpacksMembers) {
  EXPECT_EQ(*gunzip(kHello, 100), "hello");
  EXPECT_EQ(*gunzip(kHello + kNothing + kHello, 100), "hellohello");
  EXPECT_EQ(*gunzip(kNothing, 0), "");
}

TEST(GzipTest, StopsAtTheBound) {
  EXPECT_EQ(*gunzip(kHello, 5), "hello");
  EXPECT_EQ(gunzip(kHello, 4).error(), Fault::EncodingTooLarge);
  EXPECT_EQ(gunzip(kHello + kHello, 9).error(), Fault::EncodingTooLarge);
  EXPECT_EQ(gunzip(kHello, 0).error(), Fault::EncodingTooLarge);
}

TEST(GzipTest, RefusesWhatIsNotWhole) {
  for (std::size_t size = 0; size < kHello.size(); ++size)
    EXPECT_EQ(gunzip(kHello.substr(0, size), 100).error(), Fault::EncodingBroken) << size;
  EXPECT_EQ(gunzip(kHello + "x", 100).error(), Fault::EncodingBroken);
  std::string other = kHello;
  other[19] = '\x00';  // of the checksum
  EXPECT_EQ(gunzip(other, 100).error(), Fault::EncodingBroken);
  EXPECT_EQ(gunzip("hello", 100).error(), Fault::EncodingBroken);
}

}  // namespace
}  // namespace polybot::http
