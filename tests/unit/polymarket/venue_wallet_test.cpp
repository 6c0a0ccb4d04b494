// Wallets of three keys, as npm @polymarket/builder-relayer-client 0.0.10 derives them.
#include "common/polymarket/venue_wallet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace polybot::polymarket {
namespace {

using testing::ElementsAre;

std::vector<std::string> addresses_of(const char* owner, std::uint64_t chain_id) {
  std::vector<std::string> addresses;
  for (const VenueWallet& wallet : wallets_of(*Address::parse(owner), chain_id))
    addresses.push_back(to_checksum(wallet.address));
  return addresses;
}

TEST(VenueWallet, IsWhereTheVenueWouldDeployIt) {
  EXPECT_THAT(addresses_of("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", kPolygonChainId),
              ElementsAre("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
                          "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70",
                          "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47",
                          "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50",
                          "0xdf8b9E8f9AB23f261F6e1B171B7454ae6E46Ba76"));
  EXPECT_THAT(addresses_of("0x0000000000000000000000000000000000000001", kPolygonChainId),
              ElementsAre("0x0000000000000000000000000000000000000001",
                          "0x7754536ecd85c00b2E0CF9c1aA679340D8550756",
                          "0x766b6851A199BF91Ae3fa13B1cfaC5187355118f",
                          "0x94bF330955A0b957662fEaF878dE77bf25f76cD9",
                          "0x57ffBc34De23124fAeb8387fcd689d314E57aCcD"));
  EXPECT_THAT(addresses_of("0xDd79A1287e691A3f0eD3CFeeD72C67b6c2851E40", kPolygonChainId),
              ElementsAre("0xDd79A1287e691A3f0eD3CFeeD72C67b6c2851E40",
                          "0xcC488Ae83332962da2c0EADedFb282a151E2646c",
                          "0x692c6537F712927Be8306D2560b87AFE9AE52550",
                          "0x9f8d7D8a7ce6d1B34735e8db1d107ef92A0cEE59",
                          "0x972DaAf94c30A47281A81f1466E4D6b4d03f4c9C"));
}

TEST(VenueWallet, OfTheTestChainHasAnotherCode) {
  EXPECT_THAT(addresses_of("0x0000000000000000000000000000000000000001", kAmoyChainId),
              ElementsAre("0x0000000000000000000000000000000000000001",
                          "0x766b6851A199BF91Ae3fa13B1cfaC5187355118f",
                          "0xf7e263951400A9FB6B907f8b0C659A5EBb62B428"));
  EXPECT_FALSE(wallet_of({}, WalletKind::Proxy, kAmoyChainId));
}

TEST(VenueWallet, SignsForItselfWhenItIsAContractThatChecks) {
  const Address owner = *Address::parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
  for (const VenueWallet& wallet : wallets_of(owner, kPolygonChainId)) {
    const bool checks = wallet.type() == SignatureType::Poly1271;
    EXPECT_EQ(wallet.signer(), checks ? wallet.address : owner) << name_of(wallet.kind);
  }
}

}  // namespace
}  // namespace polybot::polymarket
