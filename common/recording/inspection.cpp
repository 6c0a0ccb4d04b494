#include "common/recording/inspection.hpp"

#include <array>

namespace polybot::recording {
namespace {

// In the order of polymarket::MarketEvent.
constexpr std::array<std::string_view, std::variant_size_v<polymarket::MarketEvent>> kEventNames = {
    "book",         "price_change", "last_trade_price", "tick_size_change",
    "best_bid_ask", "new_market",   "market_resolved"};

std::string_view words_of(Fault fault) {
  switch (fault) {
    case Fault::Crossed:
      return "the book is crossed at the end of a burst";
    case Fault::OtherBestPrice:
      return "the best prices are not those that the venue says";
    case Fault::NoSnapshot:
      return "changes come, but no whole book before them";
  }
  return "";
}

class Inspector {
 public:
  explicit Inspector(Recording& recording) : recording_(recording) {}

  Inspection run() {
    result_.first_ms = result_.last_ms = recording_.first_ms();
    for (; const Entry* entry = recording_.peek(); recording_.pop()) {
      result_.last_ms = entry->at_ms;
      line_ = entry->line;
      if (!entry->is_note) {
        take_frame(*entry);
      } else {
        take_note(*entry);
      }
    }
    findings_.clear();
    books_.finish(findings_);
    // The last burst of a file that was cut is not whole.
    if (recording_.damage().empty() && !recording_.torn()) tell_findings();
    result_.described_markets = books_.markets().size();
    finish();
    return std::move(result_);
  }

 private:
  void take_frame(const Entry& entry) {
    ++result_.frames;
    if (!entry.made_of.empty()) ++result_.made_frames;
    if (!polymarket::parse_market_frame(entry.raw, frame_)) {
      ++result_.unreadable_frames;
      problem("a frame cannot be read");
    } else if (!frame_.unreadable.empty()) {
      ++result_.unreadable_frames;
      problem("a message of a frame cannot be read: " +
              polymarket::to_string(frame_.unreadable.front().error));
    }
    for (const polymarket::MarketEvent& event : frame_.events) {
      ++result_.events[kEventNames[event.index()]];
      if (const auto* book = std::get_if<polymarket::BookEvent>(&event))
        result_.markets.insert(book->market);
      if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event))
        result_.markets.insert(change->market);
    }
    findings_.clear();
    books_.take(frame_, findings_);
    tell_findings();
  }

  void take_note(const Entry& entry) {
    books_.take(entry.note);
    if (const auto* header = std::get_if<Header>(&entry.note)) {
      ++result_.headers;
      result_.writer = header->program + ", " + header->venue;
    } else if (std::holds_alternative<MarketNote>(entry.note)) {
      ++result_.market_notes;
    } else if (std::holds_alternative<ResolvedNote>(entry.note)) {
      ++result_.resolved_notes;
    } else if (const auto* gap = std::get_if<GapNote>(&entry.note)) {
      result_.gaps.push_back({recording_.place_of(entry.line), entry.at_ms,
                              gap->from_ms.value_or(entry.at_ms), gap->reason,
                              gap->markets.size()});
    }
  }

  void tell_findings() {
    for (const Finding& finding : findings_) {
      ++result_.faults[static_cast<std::size_t>(finding.fault)];
      const auto market = books_.markets().find(finding.market);
      problem(std::string(words_of(finding.fault)) + ": " +
              (market == books_.markets().end() ? domain::to_string(finding.market)
                                                : market->second.slug));
    }
  }

  void problem(const std::string& what) {
    ++result_.problem_count;
    if (result_.problems.size() < kProblemsNamedMax)
      result_.problems.push_back(recording_.place_of(line_) + ": " + what);
  }

  void finish() {
    result_.skipped_lines = recording_.skipped_lines();
    result_.damage = recording_.damage();
    if (result_.skipped_lines > 0) {
      result_.problem_count += result_.skipped_lines;
      result_.problems.push_back(std::to_string(result_.skipped_lines) +
                                 " lines cannot be read, the first is " +
                                 recording_.first_skipped());
    }
    if (result_.damage.empty() && recording_.torn() && recording_.skipped_lines() == 0)
      result_.damage = recording_.place_of(line_) + ": the last line has no end";
    if (result_.damage.empty()) return;
    ++result_.problem_count;
    result_.problems.push_back("it ends early: " + result_.damage);
  }

  Recording& recording_;
  Inspection result_;
  Books books_;
  polymarket::MarketFrame frame_;
  std::vector<Finding> findings_;
  std::uint64_t line_ = 0;
};

}  // namespace

Inspection inspect(Recording& recording) {
  return Inspector(recording).run();
}

}  // namespace polybot::recording
