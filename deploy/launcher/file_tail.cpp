#include "deploy/launcher/file_tail.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace polybot::launcher {

std::string read_tail(const std::filesystem::path& file, std::streamoff bytes_max) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(size - bytes_max, 0));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace polybot::launcher
