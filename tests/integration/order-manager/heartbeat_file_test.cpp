#include "services/order-manager/execution/heartbeat_file.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace polybot::order_manager {
namespace {

class HeartbeatFile : public testing::Test {
 protected:
  void put(std::string_view bytes) const { std::ofstream(file) << bytes; }

  const test_support::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "heartbeat-id";
};

TEST_F(HeartbeatFile, GivesBackTheLastIdWritten) {
  EXPECT_EQ(read_heartbeat_id(file), "");
  EXPECT_TRUE(write_heartbeat_id(file, "a-1"));
  EXPECT_TRUE(write_heartbeat_id(file, "a-2"));
  EXPECT_EQ(read_heartbeat_id(file), "a-2");
}

TEST_F(HeartbeatFile, TakesNothingFromAFileThatIsNoId) {
  for (const std::string& bytes : {std::string("two words\n"), std::string(300, 'a'),
                                   std::string("\x01\n"), std::string("\n")}) {
    put(bytes);
    EXPECT_EQ(read_heartbeat_id(file), "") << bytes;
  }
}

TEST_F(HeartbeatFile, SaysWhenItCannotBeWritten) {
  EXPECT_FALSE(write_heartbeat_id(folder.path() / "nowhere" / "heartbeat-id", "a"));
}

}  // namespace
}  // namespace polybot::order_manager
