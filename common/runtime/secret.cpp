#include "common/runtime/secret.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

namespace polybot::runtime {

Secret::Secret(std::string text) {
  secrets::LockedMemory memory(text.size());
  std::copy(text.begin(), text.end(), memory.bytes().begin());
  explicit_bzero(text.data(), text.size());
  memory_ = std::make_shared<const secrets::LockedMemory>(std::move(memory));
}
Secret::Secret(secrets::LockedMemory memory)
    : memory_(std::make_shared<const secrets::LockedMemory>(std::move(memory))) {}

bool Secret::matches(std::string_view candidate) const {
  const std::string_view text = reveal();
  // The length of a token is no secret, but its bytes are.
  if (candidate.size() != text.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(candidate[i]) ^
                                        static_cast<unsigned char>(text[i]));
  }
  return difference == 0;
}

}  // namespace polybot::runtime
