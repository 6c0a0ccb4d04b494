// Every token that the API takes: that of <data>/secrets/api-token, called "default", that of
// api.read_token_file, called "reader", and the named ones of <data>/secrets/api-tokens. A file is
// read again as soon as it has changed, so a token is revoked without a restart. A file that is
// removed, or cannot be read any more, gives no token; the others go on. Only digests are kept.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "services/gateway/api/access/token_list.hpp"

namespace polybot::gateway {

struct TokenFiles {
  std::filesystem::path command;  // one token
  std::filesystem::path read;     // one token; empty: reading needs none
  std::filesystem::path named;    // need not exist
};
// The files of a data folder, with the token for reading as configured.
[[nodiscard]] TokenFiles token_files(const std::filesystem::path& data_folder,
                                     std::filesystem::path read);

class Tokens {
 public:
  // What is wrong with a file that was read again; may be empty.
  using Report = std::function<void(const std::string& what)>;

  // Makes the first two files when they are missing. Throws runtime::CannotStart when one of the
  // files cannot be read or written, when others may read it, or when a token is too short.
  Tokens(TokenFiles files, Report report);

  struct Found {
    enum class Kind : std::uint8_t { Known, Revoked, Unknown };
    Kind kind = Kind::Unknown;
    std::string name;  // of the token; empty when unknown
    TokenUse use = TokenUse::Read;
  };
  // Takes the same time whatever the token has in common with a right one.
  [[nodiscard]] Found find(std::string_view token);
  [[nodiscard]] bool needed_to_read() const { return !files_.read.empty(); }

 private:
  // One of the three files, as it was when it was read.
  struct Source {
    std::filesystem::path file;
    std::array<std::int64_t, 5> seen{};  // what stat says; all 0 when there is no file
    std::vector<NamedToken> tokens;
    bool unreadable = false;  // and said to be; it is tried again with each request
  };
  [[nodiscard]] static std::array<std::int64_t, 5> look(const std::filesystem::path& file);
  // Throws runtime::CannotStart.
  void read(Source& source) const;
  void read_what_changed();

  TokenFiles files_;
  Report report_;
  std::array<Source, 3> sources_;
};

}  // namespace polybot::gateway
