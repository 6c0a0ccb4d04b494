#include "common/recording/segment_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <new>
#include <optional>
#include <vector>

namespace polybot::recording {
namespace {

constexpr int kLevel = 3;

// The head of a frame as the encoder below writes it: magic number, a descriptor that promises
// neither size nor sum, the window. Source: RFC 8878, 3.1.1.
constexpr std::array<unsigned char, 5> kFrameHead{0x28, 0xB5, 0x2F, 0xFD, 0x00};
constexpr std::uint64_t kFrameHeadBytes = kFrameHead.size() + 1;
constexpr std::uint64_t kBlockHeadBytes = 3;

struct Block {
  bool last = false;
  std::uint64_t bytes = 0;  // behind its head
};

// Empty for a kind of block that is reserved.
std::optional<Block> block_of(const std::array<unsigned char, kBlockHeadBytes>& head) {
  const std::uint32_t word = head[0] | static_cast<std::uint32_t>(head[1]) << 8 |
                             static_cast<std::uint32_t>(head[2]) << 16;
  constexpr std::uint32_t kRepeated = 1;
  constexpr std::uint32_t kReserved = 3;
  const std::uint32_t kind = (word >> 1) & 3U;
  if (kind == kReserved) return std::nullopt;
  return Block{(word & 1U) != 0, kind == kRepeated ? 1U : word >> 3};
}

template <std::size_t kBytes>
std::optional<std::array<unsigned char, kBytes>> bytes_at(std::istream& in, std::uint64_t place,
                                                          std::uint64_t size) {
  std::array<unsigned char, kBytes> bytes{};
  if (place + kBytes > size) return std::nullopt;
  in.clear();
  in.seekg(static_cast<std::streamoff>(place));
  in.read(reinterpret_cast<char*>(bytes.data()), kBytes);
  return in ? std::optional(bytes) : std::nullopt;
}

// Where the whole blocks of the frame at `place` end, and whether its last one is among them.
struct FrameExtent {
  std::uint64_t end = 0;
  bool ended = false;
};
FrameExtent extent_of(std::istream& in, std::uint64_t place, std::uint64_t size) {
  FrameExtent extent{place + kFrameHeadBytes, false};
  while (!extent.ended) {
    const auto head = bytes_at<kBlockHeadBytes>(in, extent.end, size);
    const auto block = head ? block_of(*head) : std::nullopt;
    if (!block || extent.end + kBlockHeadBytes + block->bytes > size) return extent;
    extent.end += kBlockHeadBytes + block->bytes;
    extent.ended = block->last;
  }
  return extent;
}

std::error_code last_error() {
  return {errno, std::generic_category()};
}

}  // namespace

std::optional<WholePart> whole_part(std::istream& in, std::uint64_t size) {
  std::uint64_t place = 0;
  while (place < size) {
    const auto head = bytes_at<kFrameHead.size()>(in, place, size);
    if (!head || place + kFrameHeadBytes > size) return WholePart{place, false};
    if (*head != kFrameHead) return place == 0 ? std::nullopt : std::optional(WholePart{place});
    const FrameExtent extent = extent_of(in, place, size);
    if (!extent.ended) {
      const bool empty = extent.end == place + kFrameHeadBytes;
      return WholePart{empty ? place : extent.end, !empty};
    }
    place = extent.end;
  }
  return WholePart{place, false};
}

struct SegmentFile::Encoder {
  struct Free {
    void operator()(ZSTD_CCtx* made) const { ZSTD_freeCCtx(made); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
  std::vector<char> block = std::vector<char>(ZSTD_CStreamOutSize());
};

SegmentFile::SegmentFile(const std::filesystem::path& path)
    : encoder_(std::make_unique<Encoder>()) {
  if (!encoder_->context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(encoder_->context.get(), ZSTD_c_compressionLevel, kLevel);
  // Neither can be known, or kept true, in a frame that a kill may cut.
  ZSTD_CCtx_setParameter(encoder_->context.get(), ZSTD_c_contentSizeFlag, 0);
  ZSTD_CCtx_setParameter(encoder_->context.get(), ZSTD_c_checksumFlag, 0);
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) throw std::system_error(last_error(), "cannot write " + path.string());
  try {
    make_whole(path);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

SegmentFile::~SegmentFile() {
  ::close(file_);
}

void SegmentFile::make_whole(const std::filesystem::path& path) {
  struct ::stat status {};
  if (::fstat(file_, &status) != 0)
    throw std::system_error(last_error(), "cannot read " + path.string());
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::ifstream in(path, std::ios::binary);
  const auto part = whole_part(in, size);
  if (!part) {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            path.string() + " is no recording of this program");
  }
  bytes_ = part->bytes;
  if (bytes_ < size && ::ftruncate(file_, static_cast<::off_t>(bytes_)) != 0)
    throw std::system_error(last_error(), "cannot mend " + path.string());
  if (!part->inside_frame) return;
  pending_ = kFrameEnd;
  if (const std::error_code error = write_out())
    throw std::system_error(error, "cannot mend " + path.string());
}

void SegmentFile::encode(std::string_view text, int directive) {
  const auto mode = static_cast<ZSTD_EndDirective>(directive);
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{encoder_->block.data(), encoder_->block.size(), 0};
    const std::size_t left = ZSTD_compressStream2(encoder_->context.get(), &output, &input, mode);
    // Of this use the only error that is left is memory.
    if (ZSTD_isError(left) != 0) throw std::bad_alloc();
    pending_.append(encoder_->block.data(), output.pos);
    if (mode == ZSTD_e_continue ? input.pos == input.size : left == 0) return;
  }
}

void SegmentFile::append(std::string_view lines) {
  encode(lines, ZSTD_e_continue);
  open_bytes_ += lines.size();
}

std::error_code SegmentFile::flush() {
  if (open_bytes_ > 0) encode({}, ZSTD_e_flush);
  return write_out();
}

std::error_code SegmentFile::finish() {
  if (open_bytes_ > 0) encode({}, ZSTD_e_end);
  open_bytes_ = 0;
  return write_out();
}

std::error_code SegmentFile::write_out() {
  std::error_code error;
  std::size_t written = 0;
  while (written < pending_.size() && !error) {
    const ::ssize_t count = ::pwrite(file_, pending_.data() + written, pending_.size() - written,
                                     static_cast<::off_t>(bytes_ + written));
    if (count < 0 && errno != EINTR) error = last_error();
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  if (!error && written > 0 && ::fdatasync(file_) != 0) error = last_error();
  if (error) {
    // What fails here, too, is cut off when the file is opened again.
    [[maybe_unused]] const int cut = ::ftruncate(file_, static_cast<::off_t>(bytes_));
    return error;
  }
  bytes_ += written;
  pending_.clear();
  return {};
}

}  // namespace polybot::recording
