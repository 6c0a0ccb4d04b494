#include "services/venue-simulator/api/builder_trades.hpp"

#include "common/polymarket/messages/json.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using polymarket::ObjectWriter;

namespace {

constexpr std::size_t kPageTrades = 300;

bool is_of(const TradeTruth::Party& party, const BuilderCode& code, const ExchangeHost& host) {
  return host.exchange().origins().of(party.order).builder == code;
}

// What the row of one order of a trade says of the trade itself.
struct BuilderRow {
  const TradeTruth& trade;
  const TradeTruth::Party& party;
  const polymarket::TradeRecord& record;
  domain::Money fee;
};

std::string write_row(const BuilderRow& row, const BuilderCode& code, const Members& members,
                      const ExchangeHost& host) {
  const Listing* listing = host.engine().listing(row.trade.market);
  const bool yes = row.party.outcome == domain::Outcome::Yes;
  const std::string builder = "0x" + polymarket::to_hex(code);
  const domain::TokenId token =
      listing == nullptr ? domain::TokenId{} : domain::token_of(listing->market, row.party.outcome);
  const std::string label = listing == nullptr ? ""
                            : yes              ? listing->market.yes_label
                                               : listing->market.no_label;
  std::string out;
  ObjectWriter(out)
      .text("id", row.trade.id.value)
      .text("tradeType", &row.party == &row.trade.taker ? "TAKER" : "MAKER")
      .text("takerOrderHash", domain::to_string(row.trade.taker.order))
      .text("builder", builder)
      .text("market", domain::to_string(row.trade.market_id))
      .text("assetId", domain::to_string(token))
      .text("side", polymarket::wire_name(row.party.side))
      .text("size", row.party.quantity.to_string())
      .text("sizeUsdc", row.party.cash.to_string())
      .text("price", row.party.price.to_string())
      .text("status", polymarket::wire_name(row.trade.status))
      .text("outcome", label)
      .number("outcomeIndex", yes ? 0 : 1)
      .text("owner", members.owner_of(row.party.account, row.party.order))
      .text("maker", members.maker_of(row.party.account, row.party.order))
      .text("transactionHash", row.record.transaction_hash)
      .text("matchTime", std::to_string(domain::to_unix_ms(row.trade.matched_at) / 1000))
      .number("bucketIndex", 0)
      .text("fee", row.fee.to_string())
      .text("feeUsdc", row.fee.to_string())
      .text("builderFee", "0")
      .text("builderCode", builder)
      .json("err_msg", "null")
      .text("createdAt", polymarket::iso_time(row.trade.matched_at))
      .text("updatedAt", polymarket::iso_time(row.trade.updated_at))
      .end();
  return out;
}

}  // namespace

std::optional<BuilderCode> parse_builder_code(std::string_view text) {
  const auto code = domain::parse_hex32(text);
  return code && *code != BuilderCode{} ? code : std::nullopt;
}

http::Response builder_trade_page(const BuilderCode& code, const PageQuery& query,
                                  const Members& members, const ExchangeHost& host) {
  const TradePage page = page_of_trades(query, kPageTrades, host, [&](const TradeTruth& trade) {
    bool ours = is_of(trade.taker, code, host);
    for (const TradeTruth::Party& maker : trade.makers) ours = ours || is_of(maker, code, host);
    return ours &&
           query.wants(trade_event(trade, trade.taker.account, members, host.engine()).trade);
  });
  std::vector<std::string> rows;
  for (const TradeTruth& trade : page.trades) {
    const polymarket::TradeRecord record =
        trade_event(trade, trade.taker.account, members, host.engine()).trade;
    if (is_of(trade.taker, code, host))
      rows.push_back(write_row({trade, trade.taker, record, trade.fee}, code, members, host));
    for (const TradeTruth::Party& maker : trade.makers) {
      if (is_of(maker, code, host))
        rows.push_back(write_row({trade, maker, record, {}}, code, members, host));
    }
  }
  return page_answer(kPageTrades, page.next_cursor, rows);
}

}  // namespace polybot::venue_simulator
