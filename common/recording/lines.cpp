#include "common/recording/lines.hpp"

#include <zstd.h>

#include <new>
#include <utility>

namespace polybot::recording {
namespace {

constexpr std::size_t kBlockBytes = 1U << 16;
constexpr int kWindowLogMax = 27;  // 128 MiB, as zstd's own tools allow unless told otherwise

}  // namespace

struct Lines::Decoder {
  struct Free {
    void operator()(ZSTD_DStream* made) const { ZSTD_freeDStream(made); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream{ZSTD_createDStream()};
  std::vector<char> compressed = std::vector<char>(kBlockBytes);
  ZSTD_inBuffer input{nullptr, 0, 0};
  bool in_a_frame = false;  // what was read so far ends in the middle of one
};

Lines::Lines(std::unique_ptr<std::istream> in, Compression compression)
    : in_(std::move(in)), block_(kBlockBytes) {
  if (compression == Compression::None) return;
  decoder_ = std::make_unique<Decoder>();
  if (!decoder_->stream) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(decoder_->stream.get(), ZSTD_d_windowLogMax, kWindowLogMax);
}

Lines::~Lines() = default;

std::optional<Lines::Line> Lines::next() {
  for (;;) {
    const std::size_t end = text_.find('\n', searched_);
    if (end != std::string::npos) {
      const std::size_t begin = std::exchange(used_, end + 1);
      searched_ = used_;
      const std::uint64_t number = number_++;
      if (std::exchange(too_long_, false)) return Line{number, {}, used_ - begin, true};
      const std::string_view text = std::string_view(text_).substr(begin, end - begin);
      return Line{number, text, text.size(), false};
    }
    text_.erase(0, std::exchange(used_, 0));
    searched_ = text_.size();
    if (text_.size() > kLineBytesMax) {
      too_long_ = true;
      searched_ = 0;
      return piece_of_too_long(std::exchange(text_, {}).size());
    }
    if (fill()) continue;
    searched_ = 0;
    if (text_.empty()) return std::nullopt;
    used_ = text_.size();
    torn_ = true;
    if (too_long_) return piece_of_too_long(text_.size());
    return Line{number_++, text_, text_.size(), false};
  }
}

bool Lines::fill() {
  if (!damage_.empty()) return false;
  if (decoder_) return fill_from_zstd();
  in_->read(block_.data(), static_cast<std::streamsize>(block_.size()));
  text_.append(block_.data(), static_cast<std::size_t>(in_->gcount()));
  return in_->gcount() > 0;
}

bool Lines::fill_from_zstd() {
  Decoder& decoder = *decoder_;
  for (;;) {
    if (decoder.input.pos == decoder.input.size) {
      in_->read(decoder.compressed.data(), static_cast<std::streamsize>(decoder.compressed.size()));
      decoder.input = {decoder.compressed.data(), static_cast<std::size_t>(in_->gcount()), 0};
    }
    const bool is_last = decoder.input.size == 0;
    ZSTD_outBuffer output{block_.data(), block_.size(), 0};
    const std::size_t result = ZSTD_decompressStream(decoder.stream.get(), &output, &decoder.input);
    if (ZSTD_isError(result) != 0) {
      damage_ = ZSTD_getErrorName(result);
      return false;
    }
    text_.append(block_.data(), output.pos);
    if (output.pos > 0 || !is_last) decoder.in_a_frame = result != 0;
    if (output.pos > 0) return true;
    if (!is_last) continue;
    if (decoder.in_a_frame) damage_ = "the compressed file is cut short";
    return false;
  }
}

}  // namespace polybot::recording
