// Where a process that signs has its key: in the one locked page, and on no stack and no heap.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "common/polymarket/keystore.hpp"
#include "common/polymarket/signing.hpp"
#include "tests/support/peak_memory.hpp"

namespace polybot::polymarket {
namespace {

// The key of this test stands nowhere in the program: only these bytes, each changed by kMask.
constexpr std::uint8_t kMask = 0x5A;
constexpr std::array<std::uint8_t, 32> kMasked{
    0x13, 0xC7, 0x2E, 0x91, 0x48, 0xFB, 0x60, 0xD5, 0x0A, 0x7C, 0xE3, 0x39, 0xB6, 0x84, 0x1F, 0xA2,
    0x57, 0xEE, 0x03, 0x68, 0xCD, 0x25, 0x9B, 0x70, 0xF4, 0x41, 0xD8, 0x12, 0x8D, 0x36, 0xAF, 0x5C};

secrets::LockedMemory key_of_this_test() {
  secrets::LockedMemory key(kMasked.size());
  for (std::size_t i = 0; i < kMasked.size(); ++i)
    key.bytes()[i] = static_cast<std::uint8_t>(kMasked[i] ^ kMask);
  return key;
}

bool is_half_of_key(const std::uint8_t* at, std::size_t half) {
  for (std::size_t i = 0; i < 16; ++i) {
    if ((at[i] ^ kMask) != kMasked[16 * half + i]) return false;
  }
  return true;
}

// Where the memory that this process can write holds half a key, which is enough to guess no more
// than the other half.
std::vector<const std::uint8_t*> places_of_half(std::size_t half) {
  std::vector<const std::uint8_t*> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string rights;
    words >> std::hex >> begin >> dash >> end >> rights;
    if (!words || !rights.starts_with("rw")) continue;
    const auto* at = reinterpret_cast<const std::uint8_t*>(begin);
    for (const auto* const last = reinterpret_cast<const std::uint8_t*>(end) - 16; at <= last;
         ++at) {
      if (is_half_of_key(at, half)) found.push_back(at);
    }
  }
  return found;
}

// Whether the stack below the caller, as calls that have returned left it, holds half a key, in the
// order of its bytes or as a number of 64-bit limbs. Calls nothing, which would write there.
[[gnu::noinline]] bool stack_holds_half_of_key() {
  const auto* const here = static_cast<const std::uint8_t*>(__builtin_frame_address(0));
  for (const std::uint8_t* at = here - (24U << 10); at < here - 256; ++at) {
    for (std::size_t half = 0; half < 2; ++half) {
      std::size_t same = 0;
      std::size_t reversed = 0;
      for (std::size_t i = 0; i < 16; ++i) {
        const auto byte = static_cast<std::uint8_t>(at[i] ^ kMask);
        same += byte == kMasked.data()[16 * half + i] ? 1 : 0;
        reversed += byte == kMasked.data()[31 - 16 * half - i] ? 1 : 0;
      }
      if (same == 16 || reversed == 16) return true;
    }
  }
  return false;
}

void expect_one_copy(const OrderSigner& signer) {
  for (const std::size_t half : {0U, 1U}) {
    const auto places = places_of_half(half);
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0], signer.reveal().data() + 16 * half);
  }
}

OrderToSign order_of(const OrderSigner& signer) {
  OrderToSign order;
  order.maker = order.signer = signer.address();
  return order;
}

class KeyInMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_support::kMeasuresMemory) GTEST_SKIP() << "a sanitizer keeps stacks and shadows";
  }
};

TEST_F(KeyInMemory, IsThereOnceAfterSignatures) {
  const OrderSigner signer(key_of_this_test());
  expect_one_copy(signer);
  const ExchangeDomains domains(kPolygonChainId);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(signer.sign(order_of(signer), domains.of(domain::ExchangeVersion::V2)).has_value());
    (void)signer.sign_clob_auth(kPolygonChainId, 1, 0);
  }
  expect_one_copy(signer);
}

// As a library does that forgets its copy.
[[gnu::noinline]] void leave_key_on_stack() {
  [[maybe_unused]] volatile std::uint8_t
      frame[1024];  // NOLINT(*-avoid-c-arrays): only this can be volatile
  for (std::size_t i = 0; i < kMasked.size(); ++i)
    frame[i] = static_cast<std::uint8_t>(kMasked.data()[i] ^ kMask);
}

TEST_F(KeyInMemory, IsWipedFromTheStack) {
  leave_key_on_stack();
  const bool left = stack_holds_half_of_key();
  leave_key_on_stack();
  secrets::wipe_stack();
  const bool wiped = !stack_holds_half_of_key();
  EXPECT_TRUE(left);
  EXPECT_TRUE(wiped);
}

TEST_F(KeyInMemory, IsOnNoStackAfterASignature) {
  const OrderSigner signer(key_of_this_test());
  EXPECT_FALSE(stack_holds_half_of_key());
  (void)signer.sign_clob_auth(kPolygonChainId, 1, 0);
  const bool held = stack_holds_half_of_key();
  EXPECT_FALSE(held);
}

TEST_F(KeyInMemory, IsThereOnceAfterAKeystore) {
  const std::string sealed =
      Keystore::seal(OrderSigner(key_of_this_test()), "open sesame", {.n = 16, .r = 8, .p = 1})
          .write();
  EXPECT_TRUE(places_of_half(0).empty());  // the signer that was sealed is gone
  const OrderSigner signer = Keystore::parse(sealed).open("open sesame");
  expect_one_copy(signer);
}

TEST_F(KeyInMemory, IsWipedWithItsSigner) {
  { const OrderSigner signer(key_of_this_test()); }
  EXPECT_TRUE(places_of_half(0).empty());
  EXPECT_TRUE(places_of_half(1).empty());
  // The search does find what is there.
  const secrets::LockedMemory key = key_of_this_test();
  EXPECT_EQ(places_of_half(1).size(), 1U);
}

}  // namespace
}  // namespace polybot::polymarket
