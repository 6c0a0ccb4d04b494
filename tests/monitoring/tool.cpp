#include "tests/monitoring/tool.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/monitoring/promql.hpp"

namespace polybot::monitoring {

ToolResult run_tool(const std::vector<std::string>& words) {
  std::string command;
  for (const std::string& word : words) command += "'" + replaced(word, "'", "'\\''") + "' ";
  command += "2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot start a shell");
  ToolResult result{.exit_code = -1, .output = {}};
  std::array<char, 4096> chunk{};
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
    result.output.append(chunk.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

ScratchFolder::ScratchFolder() {
  std::string name =
      (std::filesystem::temp_directory_path() / "polybot-monitoring-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("cannot make a folder like " + name);
  folder_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string ScratchFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream(folder_ / name, std::ios::binary) << content;
  return path(name);
}

std::string source_path(const std::string& path) {
  const std::filesystem::path full = std::filesystem::path(POLYBOT_SOURCE_DIR) / path;
  if (!std::filesystem::exists(full)) throw std::runtime_error(full.string() + " is missing");
  return full.string();
}

std::string read_source(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(source_path(path), std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace polybot::monitoring
