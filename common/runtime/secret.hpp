// A text that must not be printed: a key, a token, a passphrase. Prints as ***, is wiped when it
// goes.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>

namespace polybot::runtime {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text);
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  // The text itself; the name makes each use easy to find. Valid while this object lives unchanged.
  [[nodiscard]] std::string_view reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  // Takes the same time whatever the first difference, for comparing tokens.
  [[nodiscard]] bool matches(std::string_view candidate) const;

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  void wipe() noexcept;
  std::string text_;
};

}  // namespace polybot::runtime

template <>
struct fmt::formatter<polybot::runtime::Secret> : fmt::formatter<std::string_view> {
  template <class FormatContext>
  auto format(const polybot::runtime::Secret&, FormatContext& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
