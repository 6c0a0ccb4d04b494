// Certificates of all roles, as an operator makes them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/bus/address.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::test_support {

class Certificates {
 public:
  Certificates() { run("make " + folder().string()); }

  [[nodiscard]] std::filesystem::path folder() const { return folder_ / "certificates"; }
  [[nodiscard]] std::filesystem::path authorities() const { return folder() / "authorities"; }
  [[nodiscard]] std::filesystem::path certificate(const std::string& role) const {
    return folder() / role / "certificate.pem";
  }

  // An address at which a process of `role` meets those of `peers`; the first of them listens, if
  // this one does not.
  [[nodiscard]] bus::Address address(const std::string& text, const std::string& role,
                                     const std::vector<std::string>& peers) const {
    bus::Tls tls{.certificate_file = certificate(role),
                 .authority_files = {},
                 .listener_name = peers.front()};
    for (const std::string& peer : peers)
      tls.authority_files.push_back(authorities() / (peer + ".pem"));
    return {text, std::make_shared<const bus::Tls>(tls)};
  }

  static void run(const std::string& arguments) {
    if (std::system((POLYBOT_CERTIFICATES " " + arguments + " >/dev/null").c_str()) != 0)
      throw std::runtime_error("certificates.sh failed: " + arguments);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace polybot::test_support
