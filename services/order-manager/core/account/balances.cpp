#include "services/order-manager/core/account/balances.hpp"

#include <algorithm>
#include <utility>

#include "services/order-manager/core/account/in_turn.hpp"

namespace polybot::order_manager {

using domain::Quantity;
using domain::Timestamp;
using domain::TokenId;
using domain::VenueAccount;

namespace {

// The venue takes a request per token and 200 of them in ten seconds.
constexpr std::size_t kHeldPerReading = 60;
// Tokens that are known to differ from the book are read with every comparison, to see whether they
// still do.
constexpr std::size_t kDifferingPerReading = 20;
// Tokens that have never been compared: what the account holds of them may be from before.
constexpr std::size_t kUnseenPerReading = 32;
// Tokens that are not held can differ only by what others sent to the account.
constexpr std::size_t kFlatPerReading = 16;
// For how long shares found at the first look may wait for the reading that confirms them.
constexpr domain::Duration kOpeningDoubt = std::chrono::minutes(3);
// The venue rounds fees and shares: a smaller difference of cash is shown, and means nothing. The
// alert VenueDrift has the same bound.
constexpr Money kVenueRounding = Money::from_raw(5'000);
// The venue pays rebates and rewards once a day, for the day before.
constexpr int kIncomeDays = 7;
constexpr domain::Duration kIncomePause = std::chrono::minutes(10);

}  // namespace

void Balances::start(const Ledger& ledger) {
  found_before_ = ledger.drift().positions;
  missed_before_ = ledger.drift().missing;
}

// Known markets stay in the book until they end, most of them flat: these are compared a few at a
// time. What the account holds of them may be from before.
std::vector<TokenId> Balances::next_tokens(const Ledger& ledger) {
  std::set<TokenId> differing;
  std::set<TokenId> held;
  std::set<TokenId> flat;
  std::set<TokenId> unseen;
  for (const auto& [id, market] : ledger.markets()) {
    if (over(market.status) || ledger.portfolio().resolutions().contains(id)) continue;
    for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
      const TokenId token = domain::token_of(market, outcome);
      (ledger.compared({id, outcome}) ? flat : unseen).insert(token);
    }
  }
  for (const auto& [strategy, positions] : ledger.portfolio().positions()) {
    for (const auto& [id, position] : positions) {
      const domain::Market* market = ledger.market(id);
      if (market == nullptr || ledger.portfolio().resolutions().contains(id)) continue;
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        const TokenPosition& token = position.token(outcome);
        const bool moves = !token.holding().quantity.is_zero() || !token.final();
        if (moves) held.insert(domain::token_of(*market, outcome));
      }
    }
  }
  for (const auto& [instrument, off] : differences_) {
    const domain::Market* market = ledger.market(instrument.market);
    const bool resolved = ledger.portfolio().resolutions().contains(instrument.market);
    if (market != nullptr && !resolved)
      differing.insert(domain::token_of(*market, instrument.outcome));
  }
  for (const TokenId& token : differing) held.erase(token);
  for (std::set<TokenId>* others : {&flat, &unseen}) {
    std::erase_if(*others, [&](const TokenId& token) {
      return differing.contains(token) || held.contains(token);
    });
  }
  if (!never_compared_) {
    never_compared_ = held;
    never_compared_->insert(unseen.begin(), unseen.end());
  }
  std::erase_if(*never_compared_, [&](const TokenId& token) {
    return !held.contains(token) && !flat.contains(token) && !unseen.contains(token);
  });
  std::vector<TokenId> tokens = take_in_turn(differing, differing_read_to_, kDifferingPerReading);
  for (const auto& more : {take_in_turn(held, held_read_to_, kHeldPerReading),
                           take_in_turn(unseen, unseen_read_to_, kUnseenPerReading),
                           take_in_turn(flat, flat_read_to_, kFlatPerReading)}) {
    tokens.insert(tokens.end(), more.begin(), more.end());
  }
  return tokens;
}

void Balances::measure(Turn& turn, const VenueAccount& account, const Settlements& settlements,
                       Booked booked) {
  if (!account.collateral_told || !turn.ledger.deposited()) return;
  // The settlements since the reading began are not all remembered any more.
  if (account.read_at - kSettlementLag < turn.now - Settlements::kKept) return;
  book_income(turn, account, settlements);
  const ExpectedRange cash = settlements.cash(turn.ledger, account.read_at);
  domain::DriftMeasured drift;
  std::vector<domain::Instrument> first_compared =
      note_token_differences(turn, account, settlements);
  drift.cash = Money::from_raw(cash.off(account.collateral.raw()));
  drift.positions = worth(turn);
  // What an earlier process has found counts until everything has been compared again.
  const bool whole = never_compared_ && never_compared_->empty();
  if (!whole) drift.positions = std::max(drift.positions, found_before_);
  const bool known = cash.exact() && booked == Booked::All;
  if (books_cash_difference(turn, drift.cash.raw(), known, account.collateral)) drift.cash = {};
  const Money missed = -drift.cash > kVenueRounding ? -drift.cash : Money{};
  // While trades settle a comparison shows the least that is missing: it can add, and clears
  // nothing.
  const Money before = turn.ledger.drift().missing;
  const Money agreed = std::min(missed, std::max(before, std::exchange(missed_before_, missed)));
  drift.missing = cash.exact() ? agreed : std::max(before, agreed);
  look_for_income(turn.now, drift.cash);
  const bool is_news = !turn.ledger.drift_measured() || turn.ledger.drift() != drift;
  drift.first_compared = std::move(first_compared);
  if (is_news || !drift.first_compared.empty()) turn.record(drift);
}

std::optional<Price> Balances::known_price(const Turn& turn, const domain::MarketId& market) const {
  const auto marked = turn.ledger.portfolio().mark(market);
  return marked ? marked : quotes_.mark(market, settings_.mark_spread_max, turn.now);
}

Price Balances::price_of(const Turn& turn, const domain::Instrument& instrument) const {
  constexpr Price kUnknown = Price::from_raw(5'000);
  return yes_price(instrument.outcome, known_price(turn, instrument.market).value_or(kUnknown));
}

Money Balances::worth(const Turn& turn) const {
  Money total;
  for (const auto& [instrument, off] : differences_) {
    const auto opening = openings_.find(instrument);
    if (opening != openings_.end() && turn.now < opening->second.found_at + kOpeningDoubt) continue;
    total += domain::notional(price_of(turn, instrument), Quantity::from_raw(std::abs(off)),
                              domain::Rounding::Up);
  }
  return total;
}

// A reading covers some tokens; the differences of the others stay as they were.
std::vector<domain::Instrument> Balances::note_token_differences(Turn& turn,
                                                                 const VenueAccount& account,
                                                                 const Settlements& settlements) {
  const Ledger& ledger = turn.ledger;
  std::vector<domain::Instrument> first_compared;
  for (const VenueAccount::Holding& holding : account.holdings) {
    const auto instrument = ledger.instrument(holding.token);
    if (never_compared_) never_compared_->erase(holding.token);
    if (!instrument) continue;
    const ExpectedRange expected = settlements.quantity(ledger, *instrument, account.read_at);
    std::int64_t off = expected.off(holding.quantity.raw());
    const bool first = expected.exact() && !ledger.compared(*instrument) &&
                       !mutated(Mutation::OpeningHoldingsIgnored);
    if (first && settles_opening(turn, *instrument, off)) {
      first_compared.push_back(*instrument);
      off = std::min<std::int64_t>(off, 0);
    }
    differences_[*instrument] = off;
  }
  const auto is_over = [&](const domain::Instrument& instrument) {
    const domain::Market* market = ledger.market(instrument.market);
    return market == nullptr || ledger.portfolio().resolutions().contains(instrument.market) ||
           (over(market->status) && !ledger.portfolio().holds(instrument.market));
  };
  std::erase_if(differences_,
                [&](const auto& entry) { return entry.second == 0 || is_over(entry.first); });
  std::erase_if(openings_, [&](const auto& entry) { return is_over(entry.first); });
  return first_compared;
}

bool Balances::settles_opening(Turn& turn, const domain::Instrument& instrument, std::int64_t off) {
  const auto found = openings_.find(instrument);
  const bool again = found != openings_.end() && found->second.quantity == off;
  if (off > 0 && !again) {
    openings_[instrument] = {off, turn.now};
    return false;
  }
  // A price may be known soon, and what it says they are worth is what they count as having cost.
  const bool in_doubt = off > 0 && turn.now < found->second.found_at + kOpeningDoubt;
  if (in_doubt && !known_price(turn, instrument.market)) return false;
  openings_.erase(instrument);
  if (off > 0) book_opening(turn, instrument, Quantity::from_raw(off));
  return true;
}

void Balances::book_opening(Turn& turn, const domain::Instrument& instrument,
                            Quantity quantity) const {
  const domain::StrategyName external{std::string(domain::kExternalStrategy)};
  // What others have sold of them already was sold for what it had cost.
  Money value;
  Quantity rest = quantity;
  const MarketPosition* position = turn.ledger.portfolio().find(external, instrument.market);
  if (position != nullptr) {
    const domain::Holding& owed = position->token(instrument.outcome).holding();
    if (owed.quantity.is_negative()) {
      const Quantity sold = std::min(quantity, -owed.quantity);
      value = Money::from_raw(domain::mul_div(-owed.cost.raw(), sold.raw(), -owed.quantity.raw(),
                                              domain::Rounding::Up));
      rest -= sold;
    }
  }
  value += domain::notional(price_of(turn, instrument), rest, domain::Rounding::Down);
  turn.record(external, {}, domain::HoldingOpened{instrument, quantity, value});
}

std::vector<domain::UtcDate> Balances::next_income_days(Timestamp now) {
  std::vector<domain::UtcDate> days;
  if (!std::exchange(asks_for_income_, false)) return days;
  income_asked_at_ = now;
  for (int ago = 1; ago <= kIncomeDays; ++ago) days.push_back({domain::utc_date(now).days - ago});
  return days;
}

// Asked for when there is more cash than expected, and again from time to time: the venue may pay
// before it says what for, and what it rounds grows by trifles.
void Balances::look_for_income(Timestamp now, Money difference) {
  const bool is_more = difference - income_sought_for_ > kVenueRounding;
  asks_for_income_ =
      difference.is_positive() && (is_more || now >= income_asked_at_ + kIncomePause);
  income_sought_for_ = asks_for_income_ ? difference : std::min(income_sought_for_, difference);
}

void Balances::book_income(Turn& turn, const VenueAccount& account,
                           const Settlements& settlements) const {
  const ExpectedRange cash = settlements.cash(turn.ledger, account.read_at);
  const Money surplus = Money::from_raw(cash.off(account.collateral.raw()));
  if (!surplus.is_positive()) return;
  // What was paid before the journal began is in the balance that it began with. Nobody knows when
  // the day before it was paid for: that counts when it is just what is left to explain.
  const int first = domain::utc_date(turn.ledger.opened_at()).days;
  std::vector<domain::IncomeBooked> news;
  std::vector<domain::IncomeBooked> of_before;
  Money left = surplus;
  Money left_by_before = surplus;
  for (const VenueAccount::Income& told : account.income) {
    const Money more = told.amount - turn.ledger.portfolio().income(told.kind, told.date);
    if (!more.is_positive() || told.date.days < first - 1) continue;
    const bool before = told.date.days < first;
    (before ? of_before : news).push_back({told.kind, told.date, more});
    left_by_before -= more;
    if (!before) left -= more;
  }
  const bool just_that = left_by_before <= kVenueRounding && -left_by_before <= kVenueRounding;
  if (just_that) news.insert(news.end(), of_before.begin(), of_before.end());
  if (!just_that && -left > kVenueRounding) return;
  const domain::StrategyName external{std::string(domain::kExternalStrategy)};
  for (const domain::IncomeBooked& income : news) turn.record(external, {}, income);
}

bool Balances::books_cash_difference(Turn& turn, std::int64_t difference, bool known,
                                     Money collateral) {
  if (difference == 0 || difference != unexplained_cash_) {
    unexplained_cash_ = difference;
    unexplained_since_ = turn.now;
    return false;
  }
  const bool rule = settings_.cash_moved_after > domain::Duration{} && known;
  if (!rule || turn.now - unexplained_since_ < settings_.cash_moved_after) return false;
  turn.record(domain::CashMoved{Money::from_raw(difference), collateral});
  unexplained_cash_ = 0;
  return true;
}

}  // namespace polybot::order_manager
