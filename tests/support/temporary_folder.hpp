// A folder for one test, which only its owner can enter; removed afterwards. Sockets fit in it: it
// is made where temporary files go (TMPDIR), unless that path is too long for the address of a
// socket below; then it is made in /tmp.
#pragma once

#include <stdlib.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace polybot::test_support {

// Left for what a test puts below: "/bus/market-data-recovery.ipc" and more.
inline constexpr std::size_t kBytesBelowTemporaryFolder = 48;

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name = "polybot") {
    const std::string pattern = name + "-XXXXXX";
    std::filesystem::path parent = std::filesystem::temp_directory_path();
    if (parent.native().size() + 1 + pattern.size() + kBytesBelowTemporaryFolder >=
        sizeof(sockaddr_un::sun_path)) {
      parent = "/tmp";
    }
    std::string made = (parent / pattern).string();
    if (::mkdtemp(made.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), "cannot make " + made);
    path_ = made;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path operator/(const TemporaryFolder& folder,
                                       const std::filesystem::path& below) {
  return folder.path() / below;
}

}  // namespace polybot::test_support
