#include "services/metrics-aggregator/exposition/gzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace polybot::metrics_aggregator {
namespace {

std::string gunzipped(const std::string& bytes, std::size_t size) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, BringsTheTextBack) {
  std::string text;
  for (int i = 0; i < 10'000; ++i)
    text += "polybot_scans_total{strategy=\"s" + std::to_string(i % 7) + "\"} 1\n";
  const std::string packed = gzip(text);
  EXPECT_LT(packed.size(), text.size() / 5);
  EXPECT_EQ(gunzipped(packed, text.size()), text);
  EXPECT_EQ(gunzipped(gzip(""), 0), "");
}

TEST(AcceptEncoding, AdmitsGzipWhenItIsNamedWithAWeight) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZip;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_TRUE(accepts_gzip("identity, *;q=0.1"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("deflate, br"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("*, gzip;q=0.0"));
  EXPECT_FALSE(accepts_gzip("gzipped"));
  EXPECT_FALSE(accepts_gzip("gzip;q=many"));
}

}  // namespace
}  // namespace polybot::metrics_aggregator
