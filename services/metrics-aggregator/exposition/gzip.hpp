// gzip for scrapes. Level 1: at higher levels compressing costs more than everything else together.
#pragma once

#include <string>
#include <string_view>

namespace polybot::metrics_aggregator {

// Throws std::runtime_error when zlib cannot get its memory.
std::string gzip(std::string_view text);

// Whether an Accept-Encoding field admits gzip: named, or by "*", with a weight above 0 (RFC 9110
// §12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace polybot::metrics_aggregator
