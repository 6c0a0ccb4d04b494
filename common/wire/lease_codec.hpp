// The state topics between runners and order-manager as bytes: leases in force (lease),
// announcements (runner.<replica>).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/state_topics.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire {

inline constexpr std::size_t kStrategiesMax = 64;
inline constexpr std::size_t kLeasesMax =
    kStrategiesMax * static_cast<std::size_t>(domain::kShards);

[[nodiscard]] std::string encode_leases(std::span<const domain::Lease> leases);
DecodeError decode_leases(std::string_view bytes, std::vector<domain::Lease>& out);

[[nodiscard]] std::string encode_runner(const domain::RunnerAnnounced& runner);
DecodeError decode_runner(std::string_view bytes, domain::RunnerAnnounced& out);

}  // namespace polybot::wire
