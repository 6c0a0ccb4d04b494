// The file of a venue key, as anybody may have written it: the bytes as they are, and a good
// keystore with changes. An accepted keystore is written and read back as the same, and asks for no
// more memory and work than its reader says; a cheap one is opened.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/polymarket/keystore.hpp"

namespace {

using namespace polybot::polymarket;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::string_view kExample =
    R"({"address":"008aeeda4d805471df9b2a5b0f38a0c3bcba786b","crypto":{"cipher":"aes-128-ctr",)"
    R"("cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":)"
    R"("d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",)"
    R"("kdfparams":{"dklen":32,"n":2,"r":1,"p":1,"salt":"ab0c78"},"mac":)"
    R"("2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"x","version":3})";

void check(std::string_view text) {
  try {
    const Keystore keystore = Keystore::parse(text);
    require(Keystore::parse(keystore.write()) == keystore);
    // Its costs are those of its text; most texts ask for more than a fuzzer has time for.
    const bool is_cheap = text.find("\"n\":2,") != std::string_view::npos;
    if (is_cheap) (void)keystore.open("testpassword");
  } catch (const KeystoreError&) {
    return;
  }
}

}  // namespace

// The first byte picks: the bytes, or triples of two bytes of place and one of value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    check(bytes);
    return 0;
  }
  std::string text(kExample);
  for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
    const std::size_t place =
        static_cast<unsigned char>(bytes[i]) * 256U + static_cast<unsigned char>(bytes[i + 1]);
    text[place % text.size()] = bytes[i + 2];
  }
  check(text);
  return 0;
}
