#include "common/runtime/secret.hpp"

#include <strings.h>

#include <utility>

namespace polybot::runtime {

Secret::Secret(std::string text) : text_(text) {
  explicit_bzero(text.data(), text.size());
}
Secret::Secret(const Secret& other) = default;
Secret::Secret(Secret&& other) noexcept : text_(other.text_) {
  other.wipe();
}

Secret& Secret::operator=(Secret other) noexcept {
  text_.swap(other.text_);  // `other` wipes the old text
  return *this;
}

Secret::~Secret() {
  wipe();
}

bool Secret::matches(std::string_view candidate) const {
  // The length of a token is no secret, but its bytes are.
  if (candidate.size() != text_.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(candidate[i]) ^
                                        static_cast<unsigned char>(text_[i]));
  }
  return difference == 0;
}

void Secret::wipe() noexcept {
  explicit_bzero(text_.data(), text_.size());
  text_.clear();
}

}  // namespace polybot::runtime
