#include "common/bus/error.hpp"

namespace polybot::bus {
namespace {

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "bus"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::TimedOut:
        return "no answer in time";
      case Errc::Closed:
        return "closed";
      case Errc::TooLarge:
        return "above 1 MiB";
      case Errc::Busy:
        return "too many requests under way";
      case Errc::Refused:
        return "refused by the server";
      case Errc::Malformed:
        return "malformed answer";
      case Errc::Transport:
        return "transport failure";
    }
    return "unknown bus error";
  }
};

}  // namespace

const boost::system::error_category& error_category() {
  static const Category category;
  return category;
}

}  // namespace polybot::bus
