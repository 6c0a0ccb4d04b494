// Secrets that come in files: read straight into locked memory, through no buffer of the library.
#pragma once

#include <boost/system/result.hpp>
#include <string>

#include "common/runtime/secret.hpp"

namespace polybot::runtime {

// Longer files hold no secret of ours: an encrypted keystore has some 500 bytes.
inline constexpr std::size_t kSecretBytesMax = 16 * 1024;

struct SecretFileError {
  bool absent = false;  // there is no such file
  std::string text;     // "cannot read venue-key: Permission denied"
};

// The content of a file without one line break at its end. Errors are an empty file, one above the
// bound, and what is neither a regular file nor the pipe of a shell's `<(command)`.
[[nodiscard]] boost::system::result<Secret, SecretFileError> read_secret_file(
    const std::string& path);

// What is to be done about a secret that others may read or write, by the mode of its file; else
// empty. Its owner may do both, and the group of this process may read. Those of systemd are left
// out: it keeps them by access lists.
[[nodiscard]] std::string exposure_of(const std::string& path);

// The file of a credential that systemd has handed to this process (LoadCredential=), in the folder
// that $CREDENTIALS_DIRECTORY names; empty when there is none of that name.
[[nodiscard]] std::string credential_file(const std::string& name);

}  // namespace polybot::runtime
