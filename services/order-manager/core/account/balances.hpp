// Does the venue have the money and the shares that the book says? A difference that settlements in
// doubt do not explain is drift.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/domain/venue.hpp"
#include "services/order-manager/core/account/settlements.hpp"
#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/core/turn.hpp"
#include "services/order-manager/core/venue/quote_board.hpp"

namespace polybot::order_manager {

class Balances {
 public:
  Balances(const Settings& settings, const QuoteBoard& quotes)
      : settings_(settings), quotes_(quotes) {}

  void start(const Ledger& ledger);
  // The tokens of the book that are next to be compared.
  [[nodiscard]] std::vector<domain::TokenId> next_tokens(const Ledger& ledger);
  // Whether the next comparison should come soon, because income may explain a difference.
  [[nodiscard]] bool asks_for_income() const { return asks_for_income_; }
  // The days that it is asked for; none while nothing needs an explanation.
  [[nodiscard]] std::vector<domain::UtcDate> next_income_days(domain::Timestamp now);
  // Whether all trades that the venue tells are booked. One whose market is not known yet explains
  // a difference of cash: this is shown as drift, and never booked as a deposit or withdrawal.
  enum class Booked { All, NotAll };
  // Records the drift that a reading shows, and cash that stays unexplained for long.
  void measure(Turn& turn, const domain::VenueAccount& account, const Settlements& settlements,
               Booked booked);

 private:
  // Returns what has been compared for the first time ever.
  [[nodiscard]] std::vector<domain::Instrument> note_token_differences(
      Turn& turn, const domain::VenueAccount& account, const Settlements& settlements);
  // At the first comparison. Shares beyond the book are booked as the account's own from before
  // once a second reading has found as many; until then this is false.
  [[nodiscard]] bool settles_opening(Turn& turn, const domain::Instrument& instrument,
                                     std::int64_t off);
  void book_opening(Turn& turn, const domain::Instrument& instrument,
                    domain::Quantity quantity) const;
  // Of YES.
  [[nodiscard]] std::optional<Price> known_price(const Turn& turn,
                                                 const domain::MarketId& market) const;
  [[nodiscard]] Price price_of(const Turn& turn, const domain::Instrument& instrument) const;
  [[nodiscard]] Money worth(const Turn& turn) const;
  // Income that the venue tells of and that the cash shows.
  void book_income(Turn& turn, const domain::VenueAccount& account,
                   const Settlements& settlements) const;
  void look_for_income(domain::Timestamp now, domain::Money difference);
  // Whether the difference has just been booked as a deposit or withdrawal. It is not while it is
  // not `known`, because something else may explain it.
  bool books_cash_difference(Turn& turn, std::int64_t difference, bool known, Money collateral);

  const Settings& settings_;
  const QuoteBoard& quotes_;
  // Up to which token each kind has been compared.
  domain::TokenId differing_read_to_;
  domain::TokenId held_read_to_;
  domain::TokenId unseen_read_to_;
  domain::TokenId flat_read_to_;
  // What the venue held beyond what was expected, when it was read last; never 0.
  std::map<domain::Instrument, std::int64_t> differences_;
  // Tokens not compared since the start; no value before the first comparison.
  std::optional<std::set<domain::TokenId>> never_compared_;
  struct Opening {
    std::int64_t quantity = 0;
    domain::Timestamp found_at{};
  };
  // Shares found at the first look, until a second reading has found them as well: a trade that the
  // reading came too early for would look the same. Not in the drift meanwhile.
  std::map<domain::Instrument, Opening> openings_;
  Money found_before_;   // drift of positions, by an earlier process
  Money missed_before_;  // cash, by the last comparison
  bool asks_for_income_ = false;
  domain::Timestamp income_asked_at_{};
  Money income_sought_for_;
  std::int64_t unexplained_cash_ = 0;  // a difference seen unchanged since
  domain::Timestamp unexplained_since_{};
};

}  // namespace polybot::order_manager
