#include "common/http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "common/http/fault.hpp"

namespace polybot::http {
namespace {

constexpr int kGzipAlone = 15 + 16;  // zlib: the largest window, a gzip header and nothing else
constexpr std::size_t kFirstStep = 16 * 1024;
// zlib counts a call's input in 32 bits; an answer that large has been refused long before.
constexpr std::size_t kPackedBytesMax = std::numeric_limits<uInt>::max();

// zlib's state, freed on every way out.
class Inflater {
 public:
  Inflater() : ready_(inflateInit2(&stream_, kGzipAlone) == Z_OK) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_;
};

}  // namespace

boost::system::result<std::string> gunzip(std::string_view packed, std::size_t bytes_max) {
  Inflater inflater;
  if (!inflater.ready()) return make_error_code(boost::system::errc::not_enough_memory);
  if (packed.size() > kPackedBytesMax) return make_error_code(Fault::EncodingTooLarge);
  z_stream& stream = inflater.stream();
  // zlib does not write to its input; the pointer is not const for historical reasons.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::size_t used = 0;
  for (;;) {
    // One byte more than allowed, so that a body of just the allowed size can end.
    if (used > bytes_max) return make_error_code(Fault::EncodingTooLarge);
    if (used == out.size())
      out.resize(std::min(std::max(kFirstStep, out.size() * 2), bytes_max + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data()) + used;
    stream.avail_out = static_cast<uInt>(out.size() - used);
    const int result = inflate(&stream, Z_NO_FLUSH);
    used = out.size() - stream.avail_out;
    if (result == Z_MEM_ERROR) return make_error_code(boost::system::errc::not_enough_memory);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK) return make_error_code(Fault::EncodingBroken);
      continue;
    }
    // All input is here, so to want more of it with room left means that the end is missing.
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0))
      return make_error_code(Fault::EncodingBroken);
  }
  if (used > bytes_max) return make_error_code(Fault::EncodingTooLarge);
  out.resize(used);
  return out;
}

}  // namespace polybot::http
