// A report that does not arrive whole is no success.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "common/runtime/service.hpp"

namespace polybot::runtime {
namespace {

int print(const std::vector<std::string>&) {
  std::printf("a row\n");
  return 0;
}

// Runs the command "print" of a service, and ends with what that returns.
[[noreturn]] void end_with_print() {
  const ServiceOptions options{
      .name = "service", .summary = "", .build = {}, .commands = {{"print", "", print}}};
  std::string name = "service";
  std::string word = "print";
  char* words[] = {name.data(), word.data(), nullptr};
  ::_exit(run_service_erased(options, 2, words, nullptr, nullptr));
}

TEST(CommandOutput, IsASuccessWhenItHasArrived) {
  EXPECT_EXIT(end_with_print(), testing::ExitedWithCode(0), "");
}

TEST(CommandOutput, IsAFailureOnAFullDisk) {
  EXPECT_EXIT(
      {
        if (std::freopen("/dev/full", "w", stdout) == nullptr) ::_exit(2);
        end_with_print();
      },
      testing::ExitedWithCode(1), "");
}

TEST(CommandOutput, IsAFailureWhereThereIsNone) {
  EXPECT_EXIT(
      {
        ::close(STDOUT_FILENO);
        end_with_print();
      },
      testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace polybot::runtime
