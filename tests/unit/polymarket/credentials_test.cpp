// Published vectors K and L of request authentication.
#include "common/polymarket/credentials.hpp"

#include <stdexcept>

#include "common/polymarket/messages/orders.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

ApiCredentials credentials() {
  return {"00000000-0000-0000-0000-000000000001", std::string(kSecret), "passphrase"};
}

PostedOrder posted_order_a() {
  const OrderSigner signer(kPrivateKey);
  const ExchangeDomains domains(kPolygonChainId);
  const auto signature = signer.sign(order_a(), domains.of(domain::ExchangeVersion::V2));
  return {.order = order_a(),
          .signature = *signature,
          .owner = "00000000-0000-0000-0000-000000000001",
          .time_in_force = domain::TimeInForce::Gtc};
}

TEST(Credentials, ReproducesThePublishedHmacVectors) {
  EXPECT_EQ(credentials().hmac(1000000, {"test-sign", "/orders", R"({"hash": "0x123"})"}),
            "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc=");
  EXPECT_EQ(credentials().hmac(1000000, {"GET", "/data/orders", ""}),
            "9-I3DmVY9ObJ6EVf_KvrHpUWMOQJXiAjR5z7fO8qnPw=");
}

TEST(Credentials, TheGoldenRequestIsReproducedByteForByte) {
  const std::string body = write_order_body(posted_order_a());
  EXPECT_EQ(body.size(), 758U);
  EXPECT_EQ(to_hex(sha256(bytes_of(body))),
            "ed11aae1696b9f4315f1ca367b73b906e3eca284832329aa8ae972ef12943fc2");
  EXPECT_EQ(credentials().hmac(1713398400, {"POST", "/order", body}),
            "2f5VgSQ-xryw6RKZE4d_WzIuzjwdi9iH04bXcxm13o8=");
}

TEST(Credentials, TheOtherGoldenRequestsAuthenticateAsPublished) {
  const auto order = *domain::parse_hex<domain::VenueOrderId>(
      "0x32961c48ddac87ed3582f8e02097cd0eff4fcf80460306bd44b3710438dfa64c");
  const auto hmac = [](std::string_view method, std::string_view path, std::string_view body) {
    return credentials().hmac(1713398400, {method, path, body});
  };
  EXPECT_EQ(hmac("DELETE", "/order", write_cancel_body(order)),
            "YRlcPlAw-x0c82EHJsAcjkQ8rFX41RlJMn5mPjJBXPw=");
  EXPECT_EQ(hmac("DELETE", "/orders", write_cancels_body(std::vector{order})),
            "qZEeGge7fTzRBKrhLBy-Ns8TxLKSn3AZj1Bw5oZnHX8=");
  EXPECT_EQ(hmac("DELETE", "/cancel-all", ""), "buXQJCPsIU5uoq8eW7IYzA1NEZwUWB-zaCGlUdQWfPU=");
  EXPECT_EQ(hmac("POST", "/v1/heartbeats", R"({"heartbeat_id":""})"),
            "xLvELHbkJIirWDMI7Y7eHWqaehkQehwuT90GYFKwat4=");
  EXPECT_EQ(hmac("GET", "/data/trades", ""), "V1yba9l6B5lLx6nVWFwVBCaCJNflI7eeCKiMMF4W7PE=");
}

TEST(Credentials, TheHeadersOfARequestVerify) {
  const SignedRequest request{"GET", "/data/orders", ""};
  const HeaderList headers = credentials().headers(*Address::parse(kAddress), 1713398400, request);
  ASSERT_EQ(headers.size(), 5U);
  EXPECT_EQ(headers[0], (std::pair<std::string, std::string>("POLY_ADDRESS", kAddress)));
  EXPECT_EQ(headers[1].first, "POLY_SIGNATURE");
  EXPECT_EQ(headers[2], (std::pair<std::string, std::string>("POLY_TIMESTAMP", "1713398400")));
  EXPECT_EQ(headers[3].second, "00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(headers[4].second, "passphrase");

  EXPECT_TRUE(credentials().verify(1713398400, request, headers[1].second));
  EXPECT_FALSE(credentials().verify(1713398401, request, headers[1].second));
  EXPECT_FALSE(credentials().verify(1713398400, {"GET", "/data/trades", ""}, headers[1].second));
  EXPECT_FALSE(credentials().verify(1713398400, request, ""));
}

TEST(Credentials, ASecretReadsInBothAlphabets) {
  const ApiCredentials standard("key", "+//+", "pass");
  const ApiCredentials url_safe("key", "-__-", "pass");
  EXPECT_EQ(standard.hmac(1, {"GET", "/time", ""}), url_safe.hmac(1, {"GET", "/time", ""}));
}

TEST(Credentials, RefusesWhatIsNoSecretWithoutQuotingIt) {
  try {
    const ApiCredentials bad("key", "not*base64", "pass");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find("not*base64"), std::string::npos);
  }
  EXPECT_THROW(ApiCredentials("", std::string(kSecret), "pass"), std::invalid_argument);
  EXPECT_THROW(ApiCredentials("key", "", "pass"), std::invalid_argument);
  EXPECT_THROW(ApiCredentials("key", std::string(kSecret), ""), std::invalid_argument);
}

TEST(Credentials, TheCredentialRequestNamesTheSigner) {
  const OrderSigner signer(kPrivateKey);
  const HeaderList headers = l1_headers(signer, 80002, 10000000, 23);
  ASSERT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers[0].second, kAddress);
  const auto signature = Signature::parse(headers[1].second);
  ASSERT_TRUE(signature.has_value());
  EXPECT_EQ(recover_signer(clob_auth_digest(80002, signer.address(), 10000000, 23), *signature),
            signer.address());
  EXPECT_EQ(headers[2].second, "10000000");
  EXPECT_EQ(headers[3].second, "23");
}

}  // namespace
}  // namespace polybot::polymarket
