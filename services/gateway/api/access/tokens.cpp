#include "services/gateway/api/access/tokens.hpp"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <utility>

#include "common/runtime/config.hpp"
#include "services/gateway/api/api_token.hpp"

namespace polybot::gateway {

TokenFiles token_files(const std::filesystem::path& data_folder, std::filesystem::path read) {
  const std::filesystem::path secrets = data_folder / "secrets";
  return {
      .command = secrets / "api-token", .read = std::move(read), .named = secrets / "api-tokens"};
}

Tokens::Tokens(TokenFiles files, Report report)
    : files_(std::move(files)), report_(std::move(report)) {
  for (const auto& single : {files_.command, files_.read}) {
    if (!single.empty()) (void)load_or_create_token(single);
  }
  sources_[0].file = files_.command;
  sources_[1].file = files_.read;
  sources_[2].file = files_.named;
  for (Source& source : sources_) {
    source.seen = look(source.file);
    read(source);
  }
}

std::array<std::int64_t, 5> Tokens::look(const std::filesystem::path& file) {
  struct ::stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) return {};
  return {static_cast<std::int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec, static_cast<std::int64_t>(status.st_ctim.tv_nsec)};
}

void Tokens::read(Source& source) const {
  source.tokens.clear();
  if (source.seen == std::array<std::int64_t, 5>{}) return;
  if (source.file == files_.named) {
    TokenList list = parse_tokens(read_secret_file(source.file));
    for (const std::string& error : list.errors)
      if (report_) report_(source.file.string() + ": " + error);
    source.tokens = std::move(list.tokens);
    return;
  }
  const bool command = source.file == files_.command;
  source.tokens.push_back({std::string(command ? kDefaultToken : kReadToken),
                           command ? TokenUse::Command : TokenUse::Read,
                           digest_of(read_token(source.file).reveal())});
}

void Tokens::read_what_changed() {
  for (Source& source : sources_) {
    const auto seen = look(source.file);
    if (seen == source.seen && !source.unreadable) continue;
    source.seen = seen;
    if (seen == std::array<std::int64_t, 5>{} && report_)
      report_(source.file.string() + " is gone; its tokens are refused");
    try {
      read(source);
      source.unreadable = false;
    } catch (const runtime::CannotStart& error) {
      const bool said = std::exchange(source.unreadable, true);
      if (report_ && !said)
        report_(std::string(error.what()) + "; its tokens are refused until then");
    }
  }
}

Tokens::Found Tokens::find(std::string_view token) {
  read_what_changed();
  const TokenDigest digest = digest_of(token);
  const NamedToken* match = nullptr;
  for (const Source& source : sources_) {
    for (const NamedToken& known : source.tokens) {
      if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) match = &known;
    }
  }
  if (match == nullptr) return {};
  return {match->use == TokenUse::Revoked ? Found::Kind::Revoked : Found::Kind::Known, match->name,
          match->use};
}

}  // namespace polybot::gateway
