// Orders out of each kind of wallet, as a client of the real venue would sign them.
#include "tests/integration/venue-simulator/venue.hpp"

namespace polybot::venue_simulator::testing {
namespace {

using http::Method;
using polymarket::WalletKind;

class WalletOrdersTest : public ::testing::Test {
 protected:
  ~WalletOrdersTest() override { fs::remove_all(folder_); }

  static polymarket::PostedOrder order_of(Trader& trader, const domain::Market& market,
                                          domain::Price price, WalletKind kind) {
    polymarket::PostedOrder posted = trader.order(market, Side::Buy, price, "10", TimeInForce::Fak);
    const auto wallet =
        polymarket::wallet_of(trader.signer.address(), kind, polymarket::kPolygonChainId);
    posted.order.maker = wallet->address;
    posted.order.signer = wallet->signer();
    posted.order.signature_type = wallet->type();
    trader.sign(posted, market);
    return posted;
  }

  fs::path folder_ = fs::temp_directory_path() / ("wallets-" + std::to_string(::getpid()));
};

TEST_F(WalletOrdersTest, AreFilledAndToldUnderTheWalletsAddress) {
  Running venue(folder_);
  Trader trader(venue);
  const auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    for (const WalletKind kind : polymarket::kWalletKinds) {
      const auto book = co_await trader.book(market.yes_token);
      const auto posted = order_of(trader, market, book.asks.back().price, kind);
      http::Outcome answer = co_await trader.post(posted);
      EXPECT_EQ(answer->status, 200U) << polymarket::name_of(kind) << answer->body;
      const std::string maker = polymarket::to_checksum(posted.order.maker);
      answer = co_await trader.send(Method::Get, "/data/trades", "?maker_address=" + maker);
      EXPECT_THAT(answer->body, HasSubstr(maker)) << polymarket::name_of(kind);
    }
  };
  test::run(venue.io, body());
}

TEST_F(WalletOrdersTest, NeedASignatureOfTheirOwnShape) {
  Running venue(folder_);
  Trader trader(venue);
  const auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const domain::Market market = co_await trader.pick_market();
    const auto book = co_await trader.book(market.yes_token);
    auto posted = order_of(trader, market, book.asks.back().price, WalletKind::Deposit);
    posted.signature.nested.reset();  // the owner's signature without the wallet's wrap
    http::Outcome answer = co_await trader.post(posted);
    EXPECT_EQ(answer->status, 400U);
    EXPECT_THAT(answer->body, HasSubstr("invalid signature"));
    posted = order_of(trader, market, book.asks.back().price, WalletKind::Safe);
    posted.signature =
        order_of(trader, market, book.asks.back().price, WalletKind::Deposit).signature;
    answer = co_await trader.post(posted);
    EXPECT_THAT(answer->body, HasSubstr("invalid signature"));
  };
  test::run(venue.io, body());
}

TEST_F(WalletOrdersTest, BalancesAreReadOnceTheVenueWasToldOfThatWallet) {
  Config config;
  config.wallets = {WalletKind::Eoa, WalletKind::Proxy};
  Running venue(folder_, config);
  Trader trader(venue);
  const auto body = [&]() -> asio::awaitable<void> {
    co_await trader.log_in();
    const auto ask = [&](const char* path, const char* type) {
      return trader.send(Method::Get, path,
                         std::string("?asset_type=COLLATERAL&signature_type=") + type);
    };
    (void)co_await ask("/balance-allowance/update", "0");
    http::Outcome answer = co_await ask("/balance-allowance", "1");
    EXPECT_THAT(answer->body, HasSubstr(R"("balance":"0")"));
    (void)co_await ask("/balance-allowance/update", "1");
    answer = co_await ask("/balance-allowance", "1");
    EXPECT_THAT(answer->body, ::testing::Not(HasSubstr(R"("balance":"0")")));
    answer = co_await ask("/balance-allowance", "3");
    EXPECT_EQ(answer->status, 404U);
    EXPECT_THAT(answer->body, HasSubstr("no deposit wallet found for owner"));
  };
  test::run(venue.io, body());
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
