// How a simulated process puts its followers' questions to a recovery port.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/simulation/stage.hpp"

namespace polybot::simulation {

// Sends a request and says where its answer goes, if one comes.
using Ask = std::function<void(const std::string& request,
                               std::function<void(const std::string&)> answered)>;

// The most pages of one state that a runner or an API reads, in answers of the plan's size.
inline constexpr std::uint32_t kPagesMax = 32;

// Puts all due questions at once; the real processes put one after the other. An answer is lost
// when the followers are gone or not `awake()`.
template <class Followers>
void put_questions(Stage& stage, const std::shared_ptr<Followers>& followers, const Ask& ask,
                   const std::function<bool()>& awake, const std::function<void()>& answered) {
  constexpr Duration kPatience = milliseconds(500);
  const auto now = [&stage] { return stage.now().time_since_epoch(); };
  while (const auto question = followers->question(now())) {
    const auto answer = [known = std::weak_ptr(followers), now,
                         question](std::optional<std::string_view> bytes) {
      if (const auto living = known.lock()) living->on_answer(*question, bytes, now());
    };
    ask(question->bytes, [answer, awake, answered](const std::string& bytes) {
      if (!awake()) return;
      answer(bytes);
      answered();
    });
    stage.schedule.after(kPatience, [answer] { answer(std::nullopt); });
  }
}

}  // namespace polybot::simulation
