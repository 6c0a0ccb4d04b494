#include "common/wire/lease_codec.hpp"

#include <gtest/gtest.h>

#include "polybot/v1/lease.pb.h"
#include "tests/unit/wire/samples.hpp"

namespace polybot::wire {
namespace {

using test::at;

std::vector<domain::Lease> sample_leases() {
  std::vector<domain::Lease> leases;
  for (std::uint8_t shard = 0; shard < 64; ++shard) {
    leases.push_back({.strategy = {"spread_farm"},
                      .shard = {shard},
                      .replica = {"runner-1"},
                      .incarnation = UINT64_MAX,
                      .epoch = {.start = 1, .counter = shard},
                      .expires_at = at(100),
                      .granted_seq = 77,
                      .revoked = shard % 3 == 0});
  }
  return leases;
}

TEST(LeaseCodec, CarriesATable) {
  std::vector<domain::Lease> received(3);
  ASSERT_EQ(decode_leases(encode_leases(sample_leases()), received), DecodeError::None);
  EXPECT_EQ(received, sample_leases());
  ASSERT_EQ(decode_leases(encode_leases({}), received), DecodeError::None);
  EXPECT_TRUE(received.empty());
}

TEST(LeaseCodec, CarriesAnAnnouncement) {
  const domain::RunnerAnnounced sent{.replica = {"host-1.example"},
                                     .incarnation = 9,
                                     .strategies = {{"arbitrage"}, {"momentum"}},
                                     .leaving = true,
                                     .released = {{{"momentum"}, {3, 9}, 0x8000000000000001U}},
                                     .parameters = {{{"momentum"}, {{"window", "8s"}}}}};
  domain::RunnerAnnounced received{.strategies = {{"old"}}, .parameters = {{{"old"}, {}}}};
  ASSERT_EQ(decode_runner(encode_runner(sent), received), DecodeError::None);
  EXPECT_EQ(received, sent);
}

TEST(LeaseCodec, SurvivesAbuse) {
  auto leases = sample_leases();
  leases.resize(3);
  test::abuse(encode_leases(leases), [](std::string_view bytes) {
    std::vector<domain::Lease> out;
    return decode_leases(bytes, out);
  });
  test::abuse(encode_runner({.replica = {"runner-1"}, .strategies = {{"momentum"}}}),
              [](std::string_view bytes) {
                domain::RunnerAnnounced out;
                return decode_runner(bytes, out);
              });
}

TEST(LeaseCodec, RefusesMessagesThatNoServiceSends) {
  v1::LeaseTable table;
  std::vector<domain::Lease> leases;
  v1::Lease& lease = *table.add_leases();
  lease.set_strategy("momentum");
  lease.set_replica("runner-1");
  EXPECT_EQ(decode_leases(table.SerializeAsString(), leases), DecodeError::None);
  lease.set_shard(64);
  EXPECT_EQ(decode_leases(table.SerializeAsString(), leases), DecodeError::OutOfRange);
  lease.set_shard(1);
  lease.set_replica("");
  EXPECT_EQ(decode_leases(table.SerializeAsString(), leases), DecodeError::BadName);
  lease.set_replica(std::string(129, 'r'));
  EXPECT_EQ(decode_leases(table.SerializeAsString(), leases), DecodeError::BadName);
  for (std::size_t i = 0; i < kLeasesMax + 1; ++i) table.add_leases();
  EXPECT_EQ(decode_leases(table.SerializeAsString(), leases), DecodeError::OutOfRange);

  v1::RunnerAnnounced runner;
  runner.set_replica("runner-1");
  domain::RunnerAnnounced announced;
  for (std::size_t i = 0; i < kStrategiesMax + 1; ++i) runner.add_strategies("s");
  EXPECT_EQ(decode_runner(runner.SerializeAsString(), announced), DecodeError::OutOfRange);
}

}  // namespace
}  // namespace polybot::wire
