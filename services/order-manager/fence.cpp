#include "services/order-manager/fence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/runtime/clock.hpp"
#include "services/order-manager/doctor/result_file.hpp"
#include "services/order-manager/journal/journal_lock.hpp"

namespace polybot::order_manager {
namespace {

// What is shown of a word in the file, which anybody may have written.
constexpr std::size_t kWordBytesMax = 100;
constexpr std::size_t kBeginningBytesMax = 1'000;

std::string next_step(const std::string& file) {
  return fmt::format(
      "find the other process and stop it for good (or leave this one ended), then remove {} and "
      "start order-manager again",
      file);
}

std::string shown(std::string word) {
  const bool printable =
      std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 127; });
  if (word.empty() || !printable) return "unknown";
  word.resize(std::min(word.size(), kWordBytesMax));
  return word;
}

std::string beginning_of(const std::string& file) {
  std::ifstream in(file);
  std::string text(kBeginningBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The word behind each of the names at the beginning of the file.
std::string word_of(std::istream& in, std::string_view name) {
  std::string line;
  std::getline(in, line);
  return shown(line.starts_with(name) ? line.substr(name.size()) : std::string());
}

}  // namespace

std::string fence_file(const std::string& journal) {
  return (std::filesystem::path(real_path(journal)).parent_path() / "fenced").string();
}

std::error_code keep_fence(const std::string& journal, const Fence& fence) {
  const std::string file = fence_file(journal);
  return doctor::keep_result(
      file, fmt::format("at {}\naccount {}\nheartbeat {}\n\n"
                        "Another process holds this account at the venue. order-manager has ended "
                        "and does not start while this file is here:\n{}.\n",
                        runtime::to_rfc3339(fence.at), shown(fence.account), shown(fence.heartbeat),
                        next_step(file)));
}

std::optional<FenceNotice> fence_of(const std::string& journal) {
  const std::string file = fence_file(journal);
  std::error_code unseen;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, unseen))) return std::nullopt;
  std::istringstream in(beginning_of(file));
  const std::string at = word_of(in, "at ");
  const std::string account = word_of(in, "account ");
  const std::string heartbeat = word_of(in, "heartbeat ");
  return FenceNotice{
      .what = fmt::format("another process took the venue account from order-manager (account {}, "
                          "at {}, its heartbeat {})",
                          account, at, heartbeat),
      .next = next_step(file)};
}

}  // namespace polybot::order_manager
