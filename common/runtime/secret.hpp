// A text that must not be printed: a key, a token, a passphrase. Prints as ***, lies in locked
// memory (common/secrets/locked_memory.hpp), and is wiped when its last owner goes.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "common/secrets/locked_memory.hpp"

namespace polybot::runtime {

class Secret {
 public:
  Secret() = default;
  // Wipes the characters of `text`.
  explicit Secret(std::string text);
  explicit Secret(secrets::LockedMemory memory);

  // The text itself; the name makes each use easy to find. Valid while this object lives unchanged.
  [[nodiscard]] std::string_view reveal() const { return memory_ ? memory_->text() : ""; }
  [[nodiscard]] bool empty() const { return reveal().empty(); }
  // Takes the same time whatever the first difference, for comparing tokens.
  [[nodiscard]] bool matches(std::string_view candidate) const;

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  // Shared by the copies of a configuration, so that there is one copy of the text.
  std::shared_ptr<const secrets::LockedMemory> memory_;
};

}  // namespace polybot::runtime

template <>
struct fmt::formatter<polybot::runtime::Secret> : fmt::formatter<std::string_view> {
  template <class FormatContext>
  auto format(const polybot::runtime::Secret&, FormatContext& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
