#include "common/runtime/installation.hpp"

namespace polybot::runtime {

std::filesystem::path own_programs_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace polybot::runtime
