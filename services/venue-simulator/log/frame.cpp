#include "services/venue-simulator/log/frame.hpp"

#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace polybot::venue_simulator {
namespace {

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()),
                                            static_cast<unsigned>(bytes.size())));
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void append_u32(std::uint32_t value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

void append_frame(std::string_view payload, std::string& out) {
  append_u32(static_cast<std::uint32_t>(payload.size()), out);
  append_u32(checksum(payload), out);
  out.append(payload);
}

std::size_t read_frames(std::string_view bytes,
                        const std::function<bool(std::string_view payload)>& use) {
  std::size_t good = 0;
  while (bytes.size() - good >= kFrameHeadBytes) {
    const std::string_view rest = bytes.substr(good);
    const std::size_t length = read_u32(rest);
    if (rest.size() - kFrameHeadBytes < length) break;
    const std::string_view payload = rest.substr(kFrameHeadBytes, length);
    if (checksum(payload) != read_u32(rest.substr(4)) || !use(payload)) break;
    good += kFrameHeadBytes + length;
  }
  return good;
}

std::size_t read_frame_file(const std::filesystem::path& path,
                            const std::function<bool(std::string_view payload)>& use) {
  // No record of ours comes near this; a longer one is damage.
  constexpr std::size_t kPayloadMax = std::size_t{1} << 30;
  std::ifstream file(path, std::ios::binary);
  std::size_t good = 0;
  std::array<char, kFrameHeadBytes> head{};
  std::string payload;
  while (file.read(head.data(), head.size())) {
    const std::string_view view(head.data(), head.size());
    const std::size_t length = read_u32(view);
    if (length > kPayloadMax) break;
    payload.resize(length);
    if (!file.read(payload.data(), static_cast<std::streamsize>(length))) break;
    if (checksum(payload) != read_u32(view.substr(4)) || !use(payload)) break;
    good += kFrameHeadBytes + length;
  }
  return good;
}

void write_all(int file, std::string_view bytes, const char* what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::system_error(errno, std::generic_category(), what);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace polybot::venue_simulator
