// promtool, amtool and our own scripts, run as a person would run them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace polybot::monitoring {

struct ToolResult {
  int exit_code;
  std::string output;  // both streams
};

// Throws std::runtime_error when the shell cannot be started; a missing program ends with 127.
[[nodiscard]] ToolResult run_tool(const std::vector<std::string>& words);

// A folder that vanishes with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Writes a file of it and returns its path.
  std::string write(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_;
};

// A file of the source tree, by its path from the top. Throws std::runtime_error when it is not
// there.
[[nodiscard]] std::string source_path(const std::string& path);
[[nodiscard]] std::string read_source(const std::string& path);

}  // namespace polybot::monitoring
