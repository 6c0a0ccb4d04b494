#include "services/order-manager/execution/heartbeat_file.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace polybot::order_manager {
namespace {

constexpr std::size_t kIdBytesMax = 256;  // a UUID has 36

}  // namespace

std::string read_heartbeat_id(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string id;
  std::getline(in, id);
  const bool printable =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 127; });
  return printable && id.size() <= kIdBytesMax ? id : std::string();
}

bool write_heartbeat_id(const std::filesystem::path& file, std::string_view id) {
  const std::filesystem::path draft = file.string() + ".new";
  std::ofstream out(draft, std::ios::trunc);
  out << id << '\n';
  out.close();
  if (!out) return false;
  std::error_code error;
  std::filesystem::rename(draft, file, error);
  return !error;
}

}  // namespace polybot::order_manager
