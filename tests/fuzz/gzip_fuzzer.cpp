// A packed answer: any bytes, against a bound. The first two bytes choose the bound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/http/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t bytes_max = data[0] + 256U * data[1];
  const std::string_view packed(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto text = polybot::http::gunzip(packed, bytes_max);
  if (text && text->size() > bytes_max) std::abort();
  return 0;
}
