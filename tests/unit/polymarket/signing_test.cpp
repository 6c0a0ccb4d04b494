// Published vectors A-E, G, H and J of the venue's signing scheme, and what is refused.
#include "common/polymarket/signing.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::ExchangeVersion;
using domain::Side;

struct OrderVector {
  const char* name;
  std::uint64_t chain;
  ExchangeVersion exchange;
  OrderToSign order;
  std::string hash;
  std::string signature;
};

OrderToSign with_builder_one(OrderToSign order) {
  order.builder[31] = 1;
  order.timestamp_ms = 1713398500000;
  return order;
}

OrderToSign with_type(OrderToSign order, SignatureType type) {
  order.signature_type = type;
  return order;
}

OrderToSign with_token(OrderToSign order, std::string_view token, std::uint64_t timestamp_ms) {
  order.token = *domain::parse_token(token);
  order.timestamp_ms = timestamp_ms;
  return order;
}

std::vector<OrderVector> order_vectors() {
  return {
      {"A", 137, ExchangeVersion::V2, order_a(),
       "0x32961c48ddac87ed3582f8e02097cd0eff4fcf80460306bd44b3710438dfa64c",
       "0x89f178136333c8ebb32a19146cb891233e3202d474be6ef730c24dbc06ae4d2a0c99948a86d9b57de0f2c0bb"
       "8ec6964aa244ecf17cfa3a95b86878d0b64ad78a1b"},
      {"B", 137, ExchangeVersion::V2NegRisk,
       vector_order(987654321, Side::Sell, 50000000, 100000000),
       "0x8b878404bd92dea2bfea9975c9fcd816ec70a57ae431cb20d67bb773744aaef3",
       "0xf7d60d64364e2615b08d9f69f3ea9afd3b4f83ecfbf05ddd3ca83f4916277fb97d2d080758d17c8e91c928ac"
       "eb8ff252477ebaec051b672832500f63b4d36b061c"},
      {"C", 137, ExchangeVersion::V2,
       with_builder_one(vector_order(1, Side::Buy, 100000000, 50000000)),
       "0x3df0b6f6ddfca837bc36964cae968b34ad35640b5d98f557c104da97e804e36a",
       "0xf4d2b34659e8bc07a9572d40ee5a1639a1157409613b4c21566b1f33fd8fe11a364b3f306668cae7248ca7cd"
       "f72378f9266bc5628585aa939644400030671e081c"},
      {"D", 137, ExchangeVersion::V2,
       with_type(vector_order(111111111, Side::Buy, 100000000, 50000000), SignatureType::PolyProxy),
       "0x8f88fe2fb3448f4b8ba639992029f0a47a01a14d15b5f2bf9833516571efd279",
       "0x71a63c85b730cc934688f23ea6374afffef57a61690eba63dcb97a706c8a8d0f3d2a8e0280f3e252eb83be08"
       "8ebae6b461a8eda18e559e079f59050b90057afa1c"},
      {"E", 137, ExchangeVersion::V2NegRisk,
       with_type(vector_order(222222222, Side::Sell, 50000000, 100000000),
                 SignatureType::GnosisSafe),
       "0xb34248702810a1d76580234a33f942a9801c3680de54cb3ef104572a8d482190",
       "0xab9d33aee8b578fe5588c4a4b16bbef6fa05fc757020f95b98212e877a919e360a90296f02e97ecbabf3c200"
       "271ffe88eb9fd86912e8376cd27237bdad5f3abc1c"},
      {"G", 80002, ExchangeVersion::V2,
       with_token(vector_order(479249096354, Side::Buy, 100000000, 50000000), "1234",
                  1710000000000),
       "0x962c97b18bea292cc94b9479272aa74fb59a905e84a621a40eb339131e9fb6ba",
       "0x518472f1b081f6bd713d638bb11d1bf0720ed577e93c52eb00ec9f5f325f7d510c65cbfdfe9130de2602185f"
       "4a500863d777d8b838cb28abc75ecc1b5330315d1c"},
      {"H", 137, ExchangeVersion::V3,
       with_token(vector_order(123456789, Side::Buy, 100000000, 50000000), "456", 1713398400000),
       "0xc0d73f6c74b1aeaf6f024783972aa10fa6453e1301a0b71fdebe3f33d419a5b7",
       "0x0083f5f509ea9f4bdd25cfb27b9e200290156ca82f70c90c18f8ae9cf181f01174f04a3397296573184b7229"
       "00b55f4de11f244769d2e17a28d8899ed0c30d0c1b"},
  };
}

TEST(Signing, ReproducesThePublishedOrderVectors) {
  const OrderSigner signer(kPrivateKey);
  for (const OrderVector& vector : order_vectors()) {
    const ExchangeDomains domains(vector.chain);
    const ExchangeDomain& domain = domains.of(vector.exchange);
    EXPECT_EQ(to_string(order_digest(vector.order, domain)), vector.hash) << vector.name;
    const auto signature = signer.sign(vector.order, domain);
    ASSERT_TRUE(signature.has_value()) << vector.name;
    EXPECT_EQ(to_string(*signature), vector.signature) << vector.name;
  }
}

TEST(Signing, RecoversTheSignerOfEveryVector) {
  for (const OrderVector& vector : order_vectors()) {
    const ExchangeDomains domains(vector.chain);
    const auto digest = order_digest(vector.order, domains.of(vector.exchange));
    const auto signer = recover_signer(digest.bytes, *Signature::parse(vector.signature));
    ASSERT_TRUE(signer.has_value()) << vector.name;
    EXPECT_EQ(to_checksum(*signer), kAddress) << vector.name;
  }
}

TEST(Signing, ComputesThePublishedDomainSeparators) {
  const ExchangeDomains polygon(kPolygonChainId);
  EXPECT_EQ(to_hex(polygon.of(ExchangeVersion::V2).separator),
            "3264e159346253e26a64e00b69032db0e7d32f94628de3e6eecb50304d7af3d2");
  EXPECT_EQ(to_hex(polygon.of(ExchangeVersion::V2NegRisk).separator),
            "9b858f53327b0bd13af8ec14cfb35234fb9eb7b0504d1a4e61f433840d30e81a");
  EXPECT_EQ(to_hex(polygon.of(ExchangeVersion::V3).separator),
            "466c63910185bbd55e8679264200c4e0abdcbb0c6264eb3d41d13326022e095b");
  EXPECT_EQ(to_hex(ExchangeDomains(kAmoyChainId).of(ExchangeVersion::V2).separator),
            "a440cbd865bc0c6243d7a8df9a8bf48a8827b0a4abbb61c30e96d305423af148");
}

TEST(Signing, SignsTheCredentialRequestsOfTheVectors) {
  const OrderSigner signer(kPrivateKey);
  EXPECT_EQ(
      to_string(signer.sign_clob_auth(80002, 10000000, 23)),
      "0xf62319a987514da40e57e2f4d7529f7bac38f0355bd88bb5adbb3768d80de6c1682518e0af677d52603664"
      "25f4361e7b70c25ae232aff0ab2331e2b164a1aedc1b");
  EXPECT_EQ(
      to_string(signer.sign_clob_auth(137, 10000000, 0)),
      "0xa908f5750f073b8cf6a3cd73cb63bc39a0c90ca8316ed408ac9a577db3bc98e17b1ddae08dcb1fd11bdd55"
      "5f5d67dbc3757cf5f25b9fc323bd555e063636aea51b");
}

// Of a deposit wallet: the order's hash, the owner's signature, and the hash of the order's struct.
struct WalletVector {
  const char* name;
  std::uint64_t chain;
  ExchangeVersion exchange;
  OrderToSign order;
  std::string hash;
  std::string signature;
  std::string contents;
};

OrderToSign of_wallet(OrderToSign order) {
  order.maker = order.signer = *Address::parse("0x1111111111111111111111111111111111111111");
  return with_type(order, SignatureType::Poly1271);
}

std::vector<WalletVector> wallet_vectors() {
  const OrderToSign f = of_wallet(vector_order(333333333, Side::Buy, 100000000, 50000000));
  const std::string contents = "d3db4f9eed41f0490532a9460395d96602c6534a931bde4f0e3aad571e4f84a0";
  return {
      {"F", 137, ExchangeVersion::V2, f,
       "0x48cfd4c03dcee72230750e2dc5ea71048e91244c2a9fec2ed6ef790a74869596",
       "0x780beffb568c4510b8a135a92ca8071f124cf368fb0e902fe451c5f51e5557910a2a87968caa08a242de85e8"
       "3c27375fc09242e897aa77680f56622a54e6e7c61c",
       contents},
      {"F neg-risk", 137, ExchangeVersion::V2NegRisk, f,
       "0x82b94b9d570fdd7b07f517ea848606a9b74029f2387fbf07d8b9c856d652e608",
       "0xa411986b67c58113f8787ee54c41def9376d57ef4262b56438438710720604b700137e0175d7ae6afc40c298"
       "8179ad84b1b71a739f0974c8df3c12372f31b22c1c",
       contents},
      {"G", 80002, ExchangeVersion::V2,
       of_wallet(with_token(vector_order(479249096354, Side::Buy, 100000000, 50000000), "1234",
                            1710000000000)),
       "0x2afca94626db91b2d556c351584a4cd93e13da32e377dc48c7983e43afa5ab47",
       "0xa3a093c83b6c20c83355c16ce94c92e6e9fcbdeb840618cc74f6c57a42ad145b2b98db73d2c73cbf1f2b6af2"
       "88566ae81960ddbc3a13921027358a8bff3be6ff1c",
       "d23d42d3ad94e65d78258cecaf8dcbaddac0f73dc085040f2c12bb595dd83804"},
      {"H", 137, ExchangeVersion::V3,
       of_wallet(with_token(vector_order(333333333, Side::Buy, 100000000, 50000000), "456",
                            1713398400000)),
       "0xaaa62b8c50c2d6c63eb52ae23bc81577090efd514b3a0911bb1bbb9b081ff39c",
       "0x94f620e1106cefefc466d6718c936ebeae4b3e5a5c94ab729056aac799e1cf6e46e2af8fa8dda4464548c8ce"
       "2c92ae06f1a1d6ebc49394193fa923110e3ef7011b",
       "8d6a5de012aac953cc0b630ece45cfddffe977c8a011b52dcad3ff2f77bce7ca"},
  };
}

TEST(Signing, ReproducesThePublishedVectorsOfDepositWallets) {
  const OrderSigner signer(kPrivateKey);
  for (const WalletVector& vector : wallet_vectors()) {
    const ExchangeDomains domains(vector.chain);
    const ExchangeDomain& domain = domains.of(vector.exchange);
    EXPECT_EQ(to_string(order_digest(vector.order, domain)), vector.hash) << vector.name;
    const auto signature = signer.sign(vector.order, domain);
    ASSERT_TRUE(signature.has_value()) << vector.name;
    EXPECT_EQ(to_string(signature->signature), vector.signature) << vector.name;
    const std::string text = to_string(*signature);
    EXPECT_EQ(text.size(), 636U);
    EXPECT_TRUE(text.starts_with(vector.signature + to_hex(domain.separator) + vector.contents));
    EXPECT_TRUE(text.ends_with("00ba"));
    EXPECT_EQ(OrderSignature::parse(text), *signature);
    const auto owner = recover_order_signer(vector.order, domain, *signature);
    ASSERT_TRUE(owner.has_value()) << vector.name;
    EXPECT_EQ(to_checksum(*owner), kAddress);
  }
}

TEST(Signing, OfADepositWalletHoldsForThatOrderAlone) {
  const OrderSigner signer(kPrivateKey);
  const ExchangeDomains domains(kPolygonChainId);
  const ExchangeDomain& domain = domains.of(ExchangeVersion::V2);
  const OrderToSign order = of_wallet(order_a());
  const OrderSignature good = *signer.sign(order, domain);
  OrderToSign dearer = order;
  ++dearer.maker_amount;
  EXPECT_FALSE(recover_order_signer(dearer, domain, good));
  EXPECT_FALSE(recover_order_signer(order, domains.of(ExchangeVersion::V3), good));
  EXPECT_FALSE(recover_order_signer(with_type(order, SignatureType::GnosisSafe), domain, good));
  // A plain signature of the owner is another matter: it names another signer than the wallet's.
  const OrderSignature plain{good.signature, std::nullopt};
  EXPECT_NE(recover_order_signer(order, domain, plain), signer.address());
  OrderToSign two = order;
  two.signer = signer.address();
  EXPECT_EQ(signer.sign(two, domain).error(), SigningError::SignerMismatch);
}

TEST(Signing, ReadsNoSignatureOfAnotherShape) {
  const std::string good = to_string(
      *OrderSigner(kPrivateKey)
           .sign(of_wallet(order_a()), ExchangeDomains(kPolygonChainId).of(ExchangeVersion::V2)));
  ASSERT_TRUE(OrderSignature::parse(good));
  std::string other_type = good;
  other_type[300] = other_type[300] == '0' ? '1' : '0';
  // The last: as a session key signs, once more around the first.
  for (const std::string& bad : {good.substr(0, 634), good + "00", other_type, std::string("0x"),
                                 std::string(), good + good.substr(2)})
    EXPECT_FALSE(OrderSignature::parse(bad)) << bad.size();
}

TEST(Signing, RefusesOrdersOfAnotherAccountAndLargeSalts) {
  const OrderSigner signer(kPrivateKey);
  const ExchangeDomains domains(kPolygonChainId);
  const ExchangeDomain& domain = domains.of(ExchangeVersion::V2);

  OrderToSign foreign = order_a();
  foreign.signer.bytes[0] ^= 1;
  EXPECT_EQ(signer.sign(foreign, domain).error(), SigningError::SignerMismatch);

  OrderToSign other_maker = order_a();
  other_maker.maker.bytes[0] ^= 1;
  EXPECT_EQ(signer.sign(other_maker, domain).error(), SigningError::SignerMismatch);
  other_maker.signature_type = SignatureType::PolyProxy;  // a proxy wallet is another maker
  EXPECT_TRUE(signer.sign(other_maker, domain).has_value());

  OrderToSign salted = order_a();
  salted.salt = kSaltMax + 1;
  EXPECT_EQ(signer.sign(salted, domain).error(), SigningError::SaltTooLarge);
}

TEST(Signing, ADigestDependsOnEverySignedField) {
  const ExchangeDomains domains(kPolygonChainId);
  const ExchangeDomain& domain = domains.of(ExchangeVersion::V2);
  std::vector<OrderToSign> variants(12, order_a());
  variants[1].salt += 1;
  variants[2].maker.bytes[19] ^= 1;
  variants[3].signer.bytes[19] ^= 1;
  variants[4].token.bytes[31] ^= 1;
  variants[5].maker_amount += 1;
  variants[6].taker_amount += 1;
  variants[7].side = Side::Sell;
  variants[8].signature_type = SignatureType::PolyProxy;
  variants[9].timestamp_ms += 1;
  variants[10].metadata[31] = 1;
  variants[11].builder[31] = 1;
  std::vector<domain::VenueOrderId> digests;
  for (const OrderToSign& order : variants) digests.push_back(order_digest(order, domain));
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::unique(digests.begin(), digests.end()), digests.end());
}

TEST(Signing, DoesNotRecoverFromDamagedSignatures) {
  const ExchangeDomains domains(kPolygonChainId);
  const auto digest = order_digest(order_a(), domains.of(ExchangeVersion::V2));
  const Signature good = *Signature::parse(order_vectors()[0].signature);

  Signature bad_v = good;
  bad_v.bytes[64] = 29;
  EXPECT_FALSE(recover_signer(digest.bytes, bad_v));

  Signature other_v = good;
  other_v.bytes[64] = 28;
  EXPECT_NE(recover_signer(digest.bytes, other_v), Address::parse(kAddress));

  EXPECT_FALSE(recover_signer(digest.bytes, Signature{}));

  Signature flipped = good;
  flipped.bytes[10] ^= 1;
  EXPECT_NE(recover_signer(digest.bytes, flipped), Address::parse(kAddress));

  // n - s with the other v names the same key; only the low half is accepted.
  Signature high_s = good;
  std::fill(high_s.bytes.begin() + 32, high_s.bytes.begin() + 64, std::uint8_t{0xFF});
  high_s.bytes[32] = 0xF0;
  EXPECT_FALSE(recover_signer(digest.bytes, high_s));
}

TEST(Signing, RefusesKeysThatAreNoneWithoutQuotingThem) {
  for (const std::string_view text :
       {"", "0x12", "not a key at all",
        "0x0000000000000000000000000000000000000000000000000000000000000000",
        "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    try {
      const OrderSigner signer(text);
      FAIL() << text;
    } catch (const std::invalid_argument& error) {
      if (!text.empty()) {
        EXPECT_EQ(std::string(error.what()).find(text), std::string::npos);
      }
    }
  }
}

TEST(Signing, ReadsKeysAsFilesHoldThem) {
  const std::string bare(kPrivateKey.substr(2));
  EXPECT_EQ(to_checksum(OrderSigner(bare).address()), kAddress);
  EXPECT_EQ(to_checksum(OrderSigner(std::string(kPrivateKey) + "\n").address()), kAddress);
  OrderSigner moved(kPrivateKey);
  const OrderSigner signer = std::move(moved);
  EXPECT_EQ(to_checksum(signer.address()), kAddress);
}

TEST(Signing, WritesAddressesInChecksumCase) {
  for (const std::string_view text :
       {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
    EXPECT_EQ(to_checksum(*Address::parse(text)), text);
  }
  EXPECT_FALSE(Address::parse("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
  EXPECT_FALSE(Address::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"));
  EXPECT_FALSE(Address::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg"));
}

TEST(Signing, SaltsAreTheSameForTheSameIntentAndFitANumber) {
  const std::uint64_t salt = salt_of(bytes_of("signal-1/leg-0"));
  EXPECT_EQ(salt, salt_of(bytes_of("signal-1/leg-0")));
  EXPECT_NE(salt, salt_of(bytes_of("signal-1/leg-1")));
  EXPECT_LE(salt, kSaltMax);
  // SHA-256("") ends in ...7852b855.
  EXPECT_EQ(salt_of({}), 0x495991b7852b855U & kSaltMax);
}

TEST(Digest, MatchesKnownHashes) {
  EXPECT_EQ(to_hex(keccak256({})),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(to_hex(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Digest, Base64KeepsPaddingAndReadsBothAlphabets) {
  EXPECT_EQ(to_base64url(bytes_of("f")), "Zg==");
  EXPECT_EQ(to_base64url(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(to_base64url(bytes_of("foo")), "Zm9v");
  const std::vector<std::uint8_t> high{0xFB, 0xFF, 0xFE};
  EXPECT_EQ(to_base64url(high), "-__-");
  EXPECT_EQ(parse_base64("-__-"), high);
  EXPECT_EQ(parse_base64("+//+"), high);
  EXPECT_EQ(parse_base64("Zg=="), parse_base64("Zg"));
  EXPECT_FALSE(parse_base64("Z"));
  EXPECT_FALSE(parse_base64("Zm9*"));
  EXPECT_FALSE(parse_base64("===="));
}

}  // namespace
}  // namespace polybot::polymarket
