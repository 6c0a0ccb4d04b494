#include "common/polymarket/venue_wallet.hpp"

#include <array>
#include <initializer_list>

namespace polybot::polymarket {
namespace {

constexpr Address kProxyFactory = address_literal("0xaB45c5A4B0c941a2F231C04C3f49182e1A254052");
constexpr Address kSafeFactory = address_literal("0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b");
constexpr Address kDepositFactory = address_literal("0x00000000000Fb5C9ADea0298D729A0CB3823Cc07");
constexpr Address kDepositBeacon = address_literal("0x7A18EDfe055488A3128f01F563e5B479D92ffc3a");
constexpr Address kOldDepositCode = address_literal("0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB");
constexpr Address kOldDepositCodeAmoy =
    address_literal("0x50a88fE9a441cB4c9c2aD6A2207CE2795C7D7Fbd");

constexpr std::string_view kProxyCodeHash =
    "d21df8dc65880a8606f09fe0ce3df9b8869287ab0b058be05aa9e8af6330a00b";
constexpr std::string_view kSafeCodeHash =
    "2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf";

std::vector<std::uint8_t> bytes_of_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes(hex.size() / 2);
  POLYBOT_ASSERT(parse_hex(hex, bytes));
  return bytes;
}

Hash32 hash_of_hex(std::string_view hex) {
  Hash32 hash{};
  POLYBOT_ASSERT(parse_hex(hex, hash));
  return hash;
}

Hash32 hash_of_parts(std::initializer_list<ByteView> parts) {
  std::vector<std::uint8_t> bytes;
  for (const ByteView part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return keccak256(bytes);
}

// EIP-1014.
Address create2(const Address& factory, const Hash32& salt, const Hash32& code_hash) {
  constexpr std::array<std::uint8_t, 1> kMark{0xff};
  return address_of(hash_of_parts({kMark, factory.bytes, salt, code_hash}));
}

// The code that makes an ERC-1967 proxy, as Solady's LibClone 0.1.26 writes it: its head holds the
// length of what is told to the wallet, which stands at its end.
Hash32 code_hash(std::string_view head_hex, const Address& target, std::string_view rest_hex,
                 ByteView told) {
  std::vector<std::uint8_t> head = bytes_of_hex(head_hex);
  const unsigned length = (unsigned{head[1]} << 8U) + head[2] + static_cast<unsigned>(told.size());
  head[1] = static_cast<std::uint8_t>(length >> 8U);
  head[2] = static_cast<std::uint8_t>(length);
  return hash_of_parts({head, target.bytes, bytes_of_hex(rest_hex), told});
}

Hash32 beacon_code_hash(ByteView told) {
  return code_hash("6100523d8160233d3973", kDepositBeacon,
                   "60195155f3363d3d373d3d363d602036600436635c60da"
                   "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
                   "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3",
                   told);
}

Hash32 old_code_hash(std::uint64_t chain_id, ByteView told) {
  return code_hash("61003d3d8160233d3973",
                   chain_id == kPolygonChainId ? kOldDepositCode : kOldDepositCodeAmoy,
                   "6009"
                   "5155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
                   "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3",
                   told);
}

Address deposit_address(const Address& owner, WalletKind kind, std::uint64_t chain_id) {
  AbiWords<2> told;
  told.address(kDepositFactory).address(owner);
  return create2(kDepositFactory, told.hash(),
                 kind == WalletKind::Deposit ? beacon_code_hash(told.bytes())
                                             : old_code_hash(chain_id, told.bytes()));
}

// The test chain has no proxies, and no deposit wallets of the new kind that are known of.
bool exists(WalletKind kind, std::uint64_t chain_id) {
  if (kind == WalletKind::Eoa || chain_id == kPolygonChainId) return true;
  return chain_id == kAmoyChainId && kind != WalletKind::Proxy && kind != WalletKind::Deposit;
}

}  // namespace

std::string_view name_of(WalletKind kind) {
  switch (kind) {
    case WalletKind::Eoa:
      return "eoa";
    case WalletKind::Proxy:
      return "proxy";
    case WalletKind::Safe:
      return "safe";
    case WalletKind::Deposit:
      return "deposit";
    case WalletKind::OldDeposit:
      return "deposit-old";
  }
  return "unknown";
}

SignatureType signature_type_of(WalletKind kind) {
  switch (kind) {
    case WalletKind::Eoa:
      return SignatureType::Eoa;
    case WalletKind::Proxy:
      return SignatureType::PolyProxy;
    case WalletKind::Safe:
      return SignatureType::GnosisSafe;
    case WalletKind::Deposit:
    case WalletKind::OldDeposit:
      break;
  }
  return SignatureType::Poly1271;
}

std::optional<VenueWallet> wallet_of(const Address& owner, WalletKind kind,
                                     std::uint64_t chain_id) {
  if (!exists(kind, chain_id)) return std::nullopt;
  VenueWallet wallet{kind, owner, owner};
  switch (kind) {
    case WalletKind::Eoa:
      break;
    case WalletKind::Proxy:
      wallet.address = create2(kProxyFactory, keccak256(owner.bytes), hash_of_hex(kProxyCodeHash));
      break;
    case WalletKind::Safe: {
      AbiWords<1> word;
      wallet.address =
          create2(kSafeFactory, word.address(owner).hash(), hash_of_hex(kSafeCodeHash));
      break;
    }
    case WalletKind::Deposit:
    case WalletKind::OldDeposit:
      wallet.address = deposit_address(owner, kind, chain_id);
      break;
  }
  return wallet;
}

std::vector<VenueWallet> wallets_of(const Address& owner, std::uint64_t chain_id) {
  std::vector<VenueWallet> wallets;
  for (const WalletKind kind : kWalletKinds) {
    if (const auto wallet = wallet_of(owner, kind, chain_id)) wallets.push_back(*wallet);
  }
  return wallets;
}

}  // namespace polybot::polymarket
