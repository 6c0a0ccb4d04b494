// Framed records in files: u32 length, u32 CRC-32 of the payload, payload. A reader stops at the
// first frame that is cut short or damaged and says how far the good part goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace polybot::venue_simulator {

inline constexpr std::size_t kFrameHeadBytes = 8;

void append_frame(std::string_view payload, std::string& out);

// Calls `use` for each whole frame; returns the number of good bytes from the beginning. `use`
// returns false to reject a frame whose payload it cannot read: the good part then ends before it.
std::size_t read_frames(std::string_view bytes,
                        const std::function<bool(std::string_view payload)>& use);
// The same from a file, one frame in memory at a time; a file that is not there has no frames.
std::size_t read_frame_file(const std::filesystem::path& path,
                            const std::function<bool(std::string_view payload)>& use);

// Writes all of it or throws std::system_error.
void write_all(int file, std::string_view bytes, const char* what);

}  // namespace polybot::venue_simulator
