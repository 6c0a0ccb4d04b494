// Seeded randomness for the simulated exchange: xoshiro256** (Blackman and Vigna, public domain),
// seeded through splitmix64. Integer arithmetic only and no standard distribution, so that a seed
// gives the same market on every machine and compiler.
#pragma once

#include <array>
#include <cstdint>

#include "common/domain/assert.hpp"
#include "common/domain/time.hpp"

namespace polybot::venue_simulator {

// One step of splitmix64: also a good 64-bit mixing function for derived ids.
[[nodiscard]] constexpr std::uint64_t splitmix64(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed = 0) {
    for (std::uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15ULL;
      word = splitmix64(seed);
    }
  }

  constexpr std::uint64_t next() {
    const auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [low, high], both included. The bias of the multiply-shift is below 2^-32 for the
  // ranges used here.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) {
    POLYBOT_ASSERT(low <= high);
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    __extension__ using Wide = unsigned __int128;
    return low + static_cast<std::int64_t>(static_cast<std::uint64_t>((Wide{next()} * span) >> 64));
  }
  constexpr domain::Duration between(domain::Duration low, domain::Duration high) {
    return domain::Duration(between(low.count(), high.count()));
  }
  // True with a probability of `ppm` millionths.
  constexpr bool chance(std::int64_t ppm) { return between(0, 999'999) < ppm; }
  constexpr int sign() { return (next() >> 63) == 0 ? 1 : -1; }
  // Bell-shaped with mean 0 and a standard deviation of about `deviation`: the sum of four uniform
  // draws. Symmetric, so that a walk by it is a martingale.
  constexpr std::int64_t bell(std::int64_t deviation) {
    // Each draw has variance (2w)^2/12 with w = half width; four of them: w^2 * 4/3.
    const std::int64_t half_width = deviation * 866 / 1000;
    std::int64_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += between(-half_width, half_width);
    return sum;
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(state_);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace polybot::venue_simulator
