#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "common/domain/number_text.hpp"
#include "common/polymarket/keystore.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/secret_file.hpp"
#include "services/order-manager/order_party.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/exchange.hpp"
#include "services/order-manager/venue_key.hpp"

namespace polybot::order_manager {
namespace {

namespace fs = std::filesystem;
using polymarket::Keystore;
using polymarket::OrderSigner;
using runtime::CannotStart;

constexpr std::string_view kKeyUsage =
    R"(usage: order-manager key new KEYSTORE [--passphrase-file FILE]
       order-manager key import KEYSTORE --from FILE [--from-passphrase-file FILE] [--passphrase-file FILE]
       order-manager key change KEYSTORE --new-passphrase-file FILE [--passphrase-file FILE]
       order-manager key show FILE [--passphrase-file FILE]
       order-manager key wallets FILE [--passphrase-file FILE] [--chain ID]

The venue key in a keystore (Web3 Secret Storage version 3, scrypt), as geth and other wallets write it.

  new     makes a key and writes it to KEYSTORE
  import  writes the key of a file (64 hex digits, or a keystore with its own passphrase) to KEYSTORE
  change  puts KEYSTORE under another passphrase
  show    prints the account: as the file says, or proven with the passphrase
  wallets prints the wallets that the venue has for the account, deployed or not: their kind for venue.wallet, the
          signature type, the address (chain 137 without --chain)

A passphrase is the content of a file, without the line break at its end. Without --passphrase-file it is
systemd's credential venue-key-passphrase, if there is one. KEYSTORE is written whole or not at all, for its
owner alone (mode 0600); new and import never replace a file. What is printed is the account.
order-manager reads a keystore like any other key: venue.private_key_file names it,
venue.private_key_passphrase_file the file of its passphrase.
)";

struct KeyWords {
  std::string verb;
  std::string file;
  std::map<std::string, std::string> options;  // "--from": "plain-key"
};

using Words = std::vector<std::string>;

[[noreturn]] void misused(const std::string& what) {
  throw CannotStart(what + " (order-manager key --help tells more)");
}

// Which options each verb has.
const std::map<std::string, Words>& verbs() {
  static const std::map<std::string, Words> table{
      {"new", {"--passphrase-file"}},
      {"import", {"--from", "--from-passphrase-file", "--passphrase-file"}},
      {"change", {"--passphrase-file", "--new-passphrase-file"}},
      {"show", {"--passphrase-file"}},
      {"wallets", {"--passphrase-file", "--chain"}}};
  return table;
}

KeyWords parsed_key_words(const Words& words) {
  KeyWords parsed;
  parsed.verb = words.front();
  const auto verb = verbs().find(parsed.verb);
  if (verb == verbs().end())
    misused("'" + parsed.verb + "' is none of new, import, change, show, wallets");
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      if (!parsed.file.empty()) misused("unexpected '" + word + "'");
      parsed.file = word;
      continue;
    }
    const Words& known = verb->second;
    if (std::find(known.begin(), known.end(), word) == known.end())
      misused("key " + parsed.verb + " has no option " + word);
    if (i + 1 == words.size())
      misused(word +
              (word == "--chain" ? " needs the id of a chain" : " needs the name of a file"));
    if (!parsed.options.emplace(word, words[++i]).second) misused(word + " is there twice");
  }
  if (parsed.file.empty()) misused("which file? It is missing");
  return parsed;
}

std::optional<std::string> option(const KeyWords& arguments, const std::string& name) {
  const auto found = arguments.options.find(name);
  return found == arguments.options.end() ? std::nullopt : std::optional(found->second);
}

runtime::Secret read(const std::string& file) {
  auto secret = runtime::read_secret_file(file);
  if (!secret) throw CannotStart(secret.error().text);
  return std::move(*secret);
}

// Of that option, or the credential; empty when there is neither.
runtime::Secret passphrase_if_any(const KeyWords& arguments) {
  const std::string file = option(arguments, "--passphrase-file")
                               .value_or(runtime::credential_file(kPassphraseCredential));
  return file.empty() ? runtime::Secret() : read(file);
}

runtime::Secret passphrase(const KeyWords& arguments) {
  runtime::Secret given = passphrase_if_any(arguments);
  if (given.empty())
    misused("the passphrase is missing: name its file with --passphrase-file FILE");
  return given;
}

// A file beside the keystore that becomes it, or goes.
class Draft {
 public:
  explicit Draft(std::string target)
      : target_(std::move(target)), path_(target_ + ".new." + std::to_string(::getpid())) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file_ < 0) fail("cannot be created");
  }
  ~Draft() {
    ::close(file_);
    ::unlink(path_.c_str());  // gone already where it became the keystore
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ::ssize_t written = ::write(file_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot be written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file_) != 0) fail("cannot be written");
  }
  void become_new() {
    if (::link(path_.c_str(), target_.c_str()) != 0) {
      if (errno == EEXIST) throw CannotStart(target_ + " exists, and no key is ever overwritten");
      fail("cannot be created");
    }
    settle();
  }
  // Root may change a keystore that belongs to the service: it stays that user's.
  void replace() {
    struct ::stat old {};
    if (::stat(target_.c_str(), &old) != 0) fail("cannot be replaced");
    if (old.st_uid != ::geteuid() && ::fchown(file_, old.st_uid, old.st_gid) != 0)
      fail("belongs to another user and cannot be replaced");
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail("cannot be replaced");
    settle();
  }

 private:
  [[noreturn]] void fail(const char* doing) const {
    throw CannotStart(target_ + " " + doing + ": " + std::strerror(errno));
  }
  // A name is durable once its folder is.
  void settle() const {
    const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && ::fsync(folder) == 0;
    if (folder >= 0) ::close(folder);
    if (!synced) fail("is written, but its folder cannot be synced");
  }

  std::string target_;
  std::string path_;
  int file_ = -1;
};

// Before a key is made or typed in, and before the seconds that a keystore takes.
void refuse_existing(const std::string& file) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(file, error)))
    throw CannotStart(file + " exists, and no key is ever overwritten");
}

std::string sealed(const OrderSigner& key, const runtime::Secret& under) {
  return Keystore::seal(key, under.reveal(), {}).write() + "\n";
}

int print_account(const polymarket::Address& account) {
  fmt::print("{}\n", polymarket::to_checksum(account));
  return 0;
}

int make_key(const KeyWords& arguments) {
  refuse_existing(arguments.file);
  const runtime::Secret under = passphrase(arguments);
  const OrderSigner key = polymarket::new_key();
  Draft draft(arguments.file);
  draft.write(sealed(key, under));
  draft.become_new();
  return print_account(key.address());
}

int import_key(const KeyWords& arguments) {
  refuse_existing(arguments.file);
  const auto from = option(arguments, "--from");
  if (!from) misused("which key? Name its file with --from FILE");
  const auto from_passphrase = option(arguments, "--from-passphrase-file");
  VenueKey source{*from, read(*from), {}};
  if (from_passphrase) source.passphrase = read(*from_passphrase);
  if (is_keystore(source.content) && !from_passphrase)
    misused(*from + " is a keystore: name its passphrase with --from-passphrase-file FILE");
  if (const std::string fault = fault_of(source); !fault.empty()) throw CannotStart(fault);
  const runtime::Secret under = passphrase(arguments);
  const OrderSigner key = open(source);
  Draft draft(arguments.file);
  draft.write(sealed(key, under));
  draft.become_new();
  return print_account(key.address());
}

int change_passphrase(const KeyWords& arguments) {
  const auto next = option(arguments, "--new-passphrase-file");
  if (!next)
    misused("the new passphrase is missing: name its file with --new-passphrase-file FILE");
  VenueKey present{arguments.file, read(arguments.file), {}};
  if (!is_keystore(present.content))
    throw CannotStart(arguments.file + " is no keystore; key import makes one of a plain key");
  present.passphrase = passphrase(arguments);
  const runtime::Secret under = read(*next);
  const OrderSigner key = open(present);
  Draft draft(arguments.file);
  draft.write(sealed(key, under));
  draft.replace();
  return print_account(key.address());
}

// As the file says, or proven with the passphrase.
polymarket::Address account_of_file(const KeyWords& arguments) {
  VenueKey shown{arguments.file, read(arguments.file), {}};
  if (!is_keystore(shown.content)) return open(shown).address();
  if (const std::string fault = fault_of(shown); !fault.empty()) throw CannotStart(fault);
  shown.passphrase = passphrase_if_any(arguments);
  if (!shown.passphrase.empty()) return open(shown).address();
  const auto account = Keystore::parse(shown.content.reveal()).address();
  if (!account)
    misused(arguments.file + " does not say its account; its passphrase would prove it");
  return *account;
}

int show_account(const KeyWords& arguments) {
  return print_account(account_of_file(arguments));
}

int show_wallets(const KeyWords& arguments) {
  std::uint64_t chain = polymarket::kPolygonChainId;
  if (const auto given = option(arguments, "--chain")) {
    const auto number = domain::parse_number<std::uint64_t>(*given);
    if (!number || !polymarket::exchange_address(*number, domain::ExchangeVersion::V2))
      misused("--chain must be 137 or 80002, not '" + *given + "'");
    chain = *number;
  }
  fmt::print("{}", list_of_wallets(account_of_file(arguments), chain));
  return 0;
}

}  // namespace

int key(const std::vector<std::string>& arguments) {
  const bool asks = std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
    return word == "--help" || word == "-h";
  });
  if (asks) {
    fmt::print("{}", kKeyUsage);
    return 0;
  }
  if (arguments.empty()) misused("what? new, import, change, show or wallets");
  const KeyWords parsed = parsed_key_words(arguments);
  if (parsed.verb == "new") return make_key(parsed);
  if (parsed.verb == "import") return import_key(parsed);
  if (parsed.verb == "change") return change_passphrase(parsed);
  if (parsed.verb == "wallets") return show_wallets(parsed);
  return show_account(parsed);
}

}  // namespace polybot::order_manager
