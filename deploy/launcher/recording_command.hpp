// polybot recording check|info|cut: reads a recording of the market channel; starts nothing.
#pragma once

#include <string>
#include <vector>

namespace polybot::launcher {

//   check FILE   every line read, the books built: names gaps, crossed books, best prices that are
//                not the venue's, missing snapshots, what cannot be read, an end that is cut short
//   info FILE    span, markets, frames by kind, gaps, size per hour
//   cut FILE OUT [--from TIME] [--to TIME] [--market ID|SLUG|EVENT]...
//                a part as a new file (.jsonl or .jsonl.zst) that is complete by itself; TIME is
//                RFC 3339 or Unix milliseconds. OUT is written as OUT.PID.part and renamed at the
//                end: it is whole or not there, also after a full disk or a kill, replaces no file,
//                and is not made where no frame lies in the part
//
// `arguments` is what follows "recording". The exit code: 0 sound or done; 1 something is named; 2
// it cannot be read or written, or was asked for wrongly.
[[nodiscard]] int recording_command(const std::vector<std::string>& arguments);

}  // namespace polybot::launcher
