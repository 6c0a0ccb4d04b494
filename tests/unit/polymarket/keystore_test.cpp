#include "common/polymarket/keystore.hpp"

#include <gmock/gmock.h>

#include <string>

#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using testing::HasSubstr;

// The two test vectors of the definition.
constexpr std::string_view kVectorKey =
    "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
constexpr std::string_view kVectorPassphrase = "testpassword";
constexpr std::string_view kScryptVector = R"({
  "crypto" : {
    "cipher" : "aes-128-ctr",
    "cipherparams" : { "iv" : "83dbcc02d8ccb40e466191a123791e0e" },
    "ciphertext" : "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    "kdf" : "scrypt",
    "kdfparams" : {
      "dklen" : 32, "n" : 262144, "r" : 1, "p" : 8,
      "salt" : "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"
    },
    "mac" : "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"
  },
  "id" : "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version" : 3 })";
constexpr std::string_view kPbkdf2Vector = R"({
  "crypto" : {
    "cipher" : "aes-128-ctr",
    "cipherparams" : { "iv" : "6087dab2f9fdbbfaddc31a909735c1e6" },
    "ciphertext" : "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf" : "pbkdf2",
    "kdfparams" : {
      "c" : 262144, "dklen" : 32, "prf" : "hmac-sha256",
      "salt" : "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"
    },
    "mac" : "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
  },
  "id" : "3198bc9c-6672-5ab3-d995-4942343ae5b6", "version" : 3 })";
constexpr ScryptCost kQuick{.n = 16, .r = 8, .p = 1};

Keystore quick_keystore() {
  return Keystore::seal(OrderSigner(kPrivateKey), "open sesame", kQuick);
}

// A keystore with one piece of its text exchanged.
std::string altered(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string fault_of_parsing(const std::string& text) {
  try {
    (void)Keystore::parse(text);
  } catch (const KeystoreError& error) {
    return error.what();
  }
  return "";
}

std::string fault_of_opening(const std::string& text, std::string_view passphrase) {
  try {
    (void)Keystore::parse(text).open(passphrase);
  } catch (const KeystoreError& error) {
    return error.what();
  }
  return "";
}

TEST(Keystores, OpensThePublishedVectors) {
  for (const std::string_view vector : {kScryptVector, kPbkdf2Vector}) {
    const OrderSigner opened = Keystore::parse(vector).open(kVectorPassphrase);
    EXPECT_EQ("0x" + to_hex(opened.reveal()), kVectorKey);
    EXPECT_EQ(opened.address(), OrderSigner(kVectorKey).address());
  }
}

TEST(Keystores, ReadsWhatItWrites) {
  const Keystore sealed = quick_keystore();
  const Keystore read = Keystore::parse(sealed.write());
  EXPECT_EQ(read, sealed);
  EXPECT_EQ(read.write(), sealed.write());
  ASSERT_TRUE(read.address());
  EXPECT_EQ(to_checksum(*read.address()), kAddress);
  const OrderSigner opened = read.open("open sesame");
  EXPECT_EQ(to_checksum(opened.address()), kAddress);
  EXPECT_TRUE(opened.is_locked());
}

TEST(Keystores, NeverSealsTwiceAlike) {
  const std::string one = quick_keystore().write();
  EXPECT_NE(one, quick_keystore().write());
  EXPECT_EQ(one.find(kPrivateKey.substr(2)), std::string::npos);
}

TEST(Keystores, RefusesAWrongPassphraseAndDamage) {
  const std::string good = quick_keystore().write();
  const auto& wrong = "the passphrase is wrong, or the file is damaged";
  EXPECT_EQ(fault_of_opening(good, "open sesam"), wrong);
  EXPECT_EQ(fault_of_opening(good, ""), wrong);
  const std::size_t cipher = good.find("\"ciphertext\":\"") + 14;
  std::string damaged = good;
  damaged[cipher] = damaged[cipher] == '0' ? '1' : '0';
  EXPECT_EQ(fault_of_opening(damaged, "open sesame"), wrong);
  const std::string of_another =
      altered(good, to_hex(Address::parse(kAddress)->bytes), std::string(40, '1'));
  EXPECT_THAT(fault_of_opening(of_another, "open sesame"), HasSubstr(std::string(kAddress)));
}

// A derivation takes what its file asks for, so each bound is checked before.
TEST(Keystores, BoundsMemoryAndWork) {
  const std::string good = quick_keystore().write();
  const auto with = [&](const char* n, const char* r, const char* p) {
    const std::string text = altered(good, "\"n\":16,\"r\":8,\"p\":1",
                                     std::string("\"n\":") + n + ",\"r\":" + r + ",\"p\":" + p);
    return fault_of_parsing(text);
  };
  EXPECT_EQ(with("262144", "8", "1"), "");
  EXPECT_EQ(with("262144", "8", "4"), "");
  EXPECT_THAT(with("262144", "8", "5"), HasSubstr("asks for more work"));
  EXPECT_EQ(with("1073741824", "8", "1"),
            "kdfparams n = 1073741824 with r = 8 asks for more memory than the 256 MiB that are "
            "allowed");
  EXPECT_THAT(with("524288", "8", "1"), HasSubstr("asks for more memory"));
  EXPECT_THAT(with("2", "9223372036854775807", "1"), HasSubstr("asks for more memory"));
  EXPECT_THAT(with("4611686018427387904", "4611686018427387904", "1"),
              HasSubstr("asks for more memory"));
  EXPECT_THAT(with("2", "1", "9223372036854775807"), HasSubstr("asks for more work"));
  EXPECT_THAT(with("100000", "8", "1"), HasSubstr("must be a power of two"));
  EXPECT_THAT(with("1", "8", "1"), HasSubstr("must be a power of two"));
  EXPECT_THAT(with("0", "8", "1"), HasSubstr("n must be above 0"));
  EXPECT_THAT(with("16", "-8", "1"), HasSubstr("r must be above 0"));
  EXPECT_THAT(with("16", "1.5", "1"), HasSubstr("BadNumber in r"));
  EXPECT_THAT(fault_of_parsing(altered(std::string(kPbkdf2Vector), "262144", "99999999999")),
              HasSubstr("asks for more than the 10000000 rounds"));
}

TEST(Keystores, NamesWhatIsMissingOrWrong) {
  const std::string good = quick_keystore().write();
  const auto with = [&](std::string_view from, std::string_view to) {
    return fault_of_parsing(altered(good, from, to));
  };
  EXPECT_EQ(with("aes-128-ctr", "aes-128-cbc"), "cipher must be aes-128-ctr");
  EXPECT_EQ(with("scrypt", "argon2"), "kdf must be scrypt or pbkdf2");
  EXPECT_EQ(with("\"dklen\":32", "\"dklen\":16"), "kdfparams dklen must be 32");
  EXPECT_EQ(with("\"mac\":\"", "\"mac\":\"00"), "mac must be 64 hex digits");
  EXPECT_EQ(with("\"iv\":\"", "\"iv\":\"zz"), "iv must be 32 hex digits");
  EXPECT_THAT(with("\"ciphertext\"", "\"text\""), HasSubstr("ciphertext must be 64 hex digits"));
  EXPECT_THAT(with("\"salt\":\"", "\"salt\":\"x"), HasSubstr("kdfparams salt"));
  EXPECT_EQ(with("\"address\":\"", "\"address\":\"0"), "address must be 40 hex digits");
  EXPECT_EQ(with("\"version\":3", "\"version\":1"), "it is no keystore of version 3");
  EXPECT_THAT(with("\"cipherparams\"", "\"none\""), HasSubstr("cipherparams is missing"));
  EXPECT_EQ(fault_of_parsing(std::string(64, 'a')), "it is no JSON of at most 16 KiB");
  EXPECT_EQ(fault_of_parsing(good + std::string(20'000, ' ')), "it is no JSON of at most 16 KiB");
  EXPECT_EQ(fault_of_parsing("[]"), "it is no keystore of version 3: UnexpectedType in keystore");
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(fault_of_parsing(good.substr(0, size)), "") << size;
}

TEST(Keystores, ReadsTheCapitalOfEarlyFilesAndNoAddress) {
  const std::string early = altered(quick_keystore().write(), "\"crypto\"", "\"Crypto\"");
  EXPECT_EQ(to_checksum(Keystore::parse(early).open("open sesame").address()), kAddress);
  EXPECT_FALSE(Keystore::parse(kScryptVector).address());
}

TEST(Keystores, MakesANewKeyEachTime) {
  EXPECT_NE(new_key().address(), new_key().address());
}

}  // namespace
}  // namespace polybot::polymarket
