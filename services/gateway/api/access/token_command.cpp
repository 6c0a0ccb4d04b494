#include "services/gateway/api/access/token_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "common/runtime/config.hpp"
#include "services/gateway/api/access/tokens.hpp"
#include "services/gateway/api/api_token.hpp"

namespace polybot::gateway {
namespace {

namespace fs = std::filesystem;
using runtime::CannotStart;

constexpr const char* kUsage =
    "usage: gateway token add NAME [--read] [FOLDER] | revoke NAME [FOLDER] | list [FOLDER] "
    "(FOLDER is data.folder; without it POLYBOT_DATA__FOLDER names it)";

// Held while the list is read and replaced: two additions at once would lose one.
class Lock {
 public:
  explicit Lock(const fs::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) == 0) return;
    throw CannotStart(folder.string() + ": " + std::strerror(errno) +
                      "; name the data folder of a gateway that has run");
  }
  ~Lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int descriptor_;
};

// Throws rather than leave out what it cannot read: the next write would lose it.
std::vector<NamedToken> read_list(const fs::path& file) {
  if (!fs::exists(file)) return {};
  TokenList list = parse_tokens(read_secret_file(file));
  if (!list.errors.empty()) throw CannotStart(file.string() + ": " + list.errors.front());
  return std::move(list.tokens);
}

std::vector<NamedToken>::iterator find_name(std::vector<NamedToken>& tokens,
                                            std::string_view name) {
  return std::find_if(tokens.begin(), tokens.end(),
                      [&](const NamedToken& token) { return token.name == name; });
}

void add(const fs::path& file, const std::string& name, TokenUse use) {
  if (!is_token_name(name)) {
    throw CannotStart("\"" + name + "\" is no name for a token: 1 to 64 letters, digits, '_' and " +
                      "'-', and not " + std::string(kDefaultToken) + " or " +
                      std::string(kReadToken));
  }
  std::vector<NamedToken> tokens = read_list(file);
  const auto known = find_name(tokens, name);
  if (known != tokens.end()) {
    if (known->use != TokenUse::Revoked)
      throw CannotStart("there is a token " + name + "; revoke it first, or take another name");
    tokens.erase(known);
  }
  if (tokens.size() == kTokensMax) {
    throw CannotStart("there are " + std::to_string(kTokensMax) +
                      " tokens; delete lines of revoked ones from " + file.string());
  }
  const std::string token = new_token();
  tokens.push_back({name, use, digest_of(token)});
  replace_secret_file(file, render_tokens(tokens));
  fmt::print("{}\n", token);
}

void revoke(const fs::path& file, const std::string& name) {
  std::vector<NamedToken> tokens = read_list(file);
  const auto known = find_name(tokens, name);
  if (known == tokens.end()) {
    throw CannotStart(name == kDefaultToken || name == kReadToken
                          ? "the token " + name + " is revoked by removing its file"
                          : "there is no token " + name + " in " + file.string());
  }
  known->use = TokenUse::Revoked;
  replace_secret_file(file, render_tokens(tokens));
}

void list(const fs::path& file) {
  for (const NamedToken& token : read_list(file))
    fmt::print("{} {}\n", token.name, domain::name_of(token.use));
}

}  // namespace

int token_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  const bool read = std::erase(words, "--read") > 0;
  const std::string verb = words.empty() ? "" : words[0];
  const std::size_t needed = verb == "list" ? 1 : 2;
  const bool known = verb == "list" || verb == "add" || verb == "revoke";
  if (!known || (read && verb != "add") || words.size() < needed || words.size() > needed + 1)
    throw CannotStart(kUsage);
  const char* const configured = std::getenv("POLYBOT_DATA__FOLDER");
  fs::path folder = configured != nullptr ? configured : "";
  if (words.size() > needed) folder = words[needed];
  if (folder.empty()) throw CannotStart(kUsage);
  const fs::path file = token_files(folder, {}).named;
  const Lock lock(file.parent_path());
  if (verb == "add") add(file, words[1], read ? TokenUse::Read : TokenUse::Command);
  if (verb == "revoke") revoke(file, words[1]);
  if (verb == "list") list(file);
  return 0;
}

}  // namespace polybot::gateway
