#include "common/recording/cut.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/polymarket/messages/json.hpp"
#include "common/recording/books.hpp"

namespace polybot::recording {

using domain::MarketId;

namespace {

class Cutter {
 public:
  Cutter(Recording& recording, const Part& part, const std::function<void(std::string_view)>& write)
      : recording_(recording), part_(part), write_(write) {}

  std::uint64_t run() {
    for (; const Entry* entry = recording_.peek(); recording_.pop()) {
      if (entry->at_ms > part_.to_ms) break;
      if (!begun_ && entry->at_ms >= part_.from_ms) begin(entry->at_ms);
      if (!entry->is_note) {
        take_frame(*entry);
      } else {
        take_note(*entry);
      }
      if (out_.empty()) continue;
      write_(out_);
      out_.clear();
    }
    return frames_;
  }

 private:
  [[nodiscard]] bool wanted(const MarketId& id) const {
    if (part_.markets.empty() || part_.markets.contains(domain::to_string(id))) return true;
    const auto market = books_.markets().find(id);
    return market != books_.markets().end() && (part_.markets.contains(market->second.slug) ||
                                                part_.markets.contains(market->second.event_slug));
  }

  // Where a recording has no header before the part, this one says that it is a cut.
  void begin(std::int64_t at_ms) {
    begun_ = true;
    append_line(at_ms, header_, out_);
    for (const auto& [id, market] : books_.markets()) {
      if (wanted(id)) append_line(at_ms, MarketNote{market}, out_);
    }
    for (const auto& [id, payout] : books_.payouts()) {
      if (wanted(id)) append_line(at_ms, ResolvedNote{id, payout}, out_);
    }
    for (const auto& [token, book] : books_.by_token()) {
      if (!book.whole || !wanted(book.market)) continue;
      const auto market = books_.markets().find(book.market);
      const bool known = market != books_.markets().end();
      std::string frame;
      polymarket::write_book({.market = book.market,
                              .token = token,
                              .venue_at = book.venue_at,
                              .bids = book.book.bids(),
                              .asks = book.book.asks(),
                              .tick = book.tick,
                              .last_trade_price = book.last_trade},
                             {known ? market->second.min_size : domain::Market{}.min_size,
                              known && market->second.neg_risk},
                             frame);
      append_line(at_ms, frame, "books", out_);
    }
  }

  void take_note(const Entry& entry) {
    books_.take(entry.note);
    if (const auto* header = std::get_if<Header>(&entry.note)) header_ = *header;
    if (!begun_) return;
    if (const auto* market = std::get_if<MarketNote>(&entry.note)) {
      if (!wanted(market->market.id)) return;
    } else if (const auto* resolved = std::get_if<ResolvedNote>(&entry.note)) {
      if (!wanted(resolved->market)) return;
    } else if (const auto* gap = std::get_if<GapNote>(&entry.note);
               gap != nullptr && !gap->markets.empty()) {
      GapNote ours = *gap;
      std::erase_if(ours.markets, [this](const MarketId& id) { return !wanted(id); });
      if (!ours.markets.empty()) append_line(entry.at_ms, ours, out_);
      return;
    }
    copy(entry);
  }

  void copy(const Entry& entry) { out_.append(entry.text).push_back('\n'); }

  void take_frame(const Entry& entry) {
    const bool readable = polymarket::parse_market_frame(entry.raw, frame_).has_value();
    findings_.clear();
    books_.take(frame_, findings_);
    if (!begun_) return;
    std::size_t ours = 0;
    for (const polymarket::MarketEvent& event : frame_.events) {
      const bool is_ours =
          std::visit([this](const auto& one) { return wanted(one.market); }, event);
      if (is_ours) ++ours;
    }
    // What cannot be read belongs to everybody.
    const bool all = !readable || !frame_.unreadable.empty() || ours == frame_.events.size();
    if (!all && ours == 0) return;
    ++frames_;
    if (all) return copy(entry);
    append_line(entry.at_ms, without_others(entry.raw), entry.made_of, out_);
  }

  [[nodiscard]] std::string without_others(const std::string& raw) const {
    auto messages = polymarket::parse_json(raw);
    boost::json::array* const list = messages ? messages->if_array() : nullptr;
    if (list == nullptr) return raw;
    boost::json::array kept;
    for (const boost::json::value& message : *list) {
      polymarket::ObjectReader fields(message, "message");
      const auto market = fields.hex_id<MarketId>("market");
      if (!market || wanted(*market)) kept.push_back(message);
    }
    return boost::json::serialize(kept);
  }

  Recording& recording_;
  const Part& part_;
  const std::function<void(std::string_view)>& write_;
  Books books_;
  Header header_{
      .version = kFormatVersion, .program = "recording cut", .venue = {}, .clock_offset_ms = {}};
  polymarket::MarketFrame frame_;
  std::vector<Finding> findings_;
  std::string out_;
  bool begun_ = false;
  std::uint64_t frames_ = 0;
};

}  // namespace

std::uint64_t cut(Recording& recording, const Part& part,
                  const std::function<void(std::string_view)>& write) {
  return Cutter(recording, part, write).run();
}

}  // namespace polybot::recording
