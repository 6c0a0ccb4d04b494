// Where the ipc sockets of a stack lie: in DATA/bus, unless their paths would be too long for a
// socket's address. Then they lie in a short folder that only this user can enter, and DATA/bus is
// a symbolic link to it. Programs look for a socket in DATA/bus either way, and resolve the link
// before connecting.
//
// The short folder is made in XDG_RUNTIME_DIR if that belongs to this user alone: no other user can
// put files there, and no cleaner of old files visits it. Otherwise it is made in /tmp, where every
// user can write. A folder that is there already is used only if it is this user's own and no other
// user can enter it, and no link is followed. It is held locked (flock), which also tells
// systemd-tmpfiles to leave it alone.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "deploy/launcher/options.hpp"

namespace polybot::launcher {

// What the choice depends on beside the path of DATA.
struct SocketSurroundings {
  // Of the folder DATA. No two folders share both, so their sockets differ too; and a folder that
  // is moved, even while its stack runs, keeps them.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::optional<std::filesystem::path> runtime_folder;  // this user's alone
  uid_t user = 0;
};

// `socket_name_bytes` is the length of the longest name of a socket in it. Pure.
[[nodiscard]] std::filesystem::path choose_socket_folder(const std::filesystem::path& data,
                                                         std::size_t socket_name_bytes,
                                                         const SocketSurroundings& surroundings);

// XDG_RUNTIME_DIR if that is an absolute path of a folder which is this user's alone.
[[nodiscard]] std::optional<std::filesystem::path> private_runtime_folder(
    const Environment& environment);

// The folder of a running stack. A short one is removed with its sockets at the end; after a kill
// it is left, and the next start in the same DATA uses it again.
class SocketFolder {
 public:
  // DATA must exist and be locked by the caller. Throws BadOption or
  // std::filesystem::filesystem_error.
  SocketFolder(const std::filesystem::path& data, std::size_t socket_name_bytes,
               const Environment& environment);
  ~SocketFolder();
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void claim();  // makes the short folder, or proves it ours

  std::filesystem::path link_;  // DATA/bus
  std::filesystem::path path_;
  int lock_ = -1;  // on the short folder; -1 = the sockets are in DATA/bus
};

// Removes the sockets that a killed process left behind.
void remove_sockets(const std::filesystem::path& folder);

}  // namespace polybot::launcher
