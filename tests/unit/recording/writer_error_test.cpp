// The writer when memory is used up. This program has an operator new of its own for it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <random>
#include <thread>

#include "common/recording/inspection.hpp"
#include "common/recording/writer.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"

namespace {

constexpr std::size_t kLarge = 1U << 20;
std::atomic<bool> memory_is_short = false;
thread_local bool is_of_the_test = false;

}  // namespace

void* operator new(std::size_t size) {
  if (memory_is_short && size >= kLarge && !is_of_the_test) throw std::bad_alloc();
  if (void* const made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace polybot::recording {
namespace {

constexpr std::int64_t kStart = 1'780'000'000'000;

// Of a size that packs to more than a large piece of memory.
std::string large_line(std::int64_t at_ms) {
  std::string text(8 * kLarge, '0');
  std::minstd_rand random(1);
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return SampleLines().frame(at_ms, "[\"" + text + "\"]").text();
}

struct WriterErrorTest : ::testing::Test {
  WriterErrorTest() { is_of_the_test = true; }
  ~WriterErrorTest() override { memory_is_short = false; }

  test_support::TemporaryFolder folder;
  const domain::Market market = sample_market();

  void begin(Writer& writer, std::int64_t at_ms) const {
    const std::string state =
        SampleLines()
            .note(at_ms, MarketNote{market})
            .frame(at_ms,
                   book_frame(market, market.yes_token, at_ms, {{cents(40), shares(10)}}, {}),
                   "books")
            .text();
    ASSERT_TRUE(writer.begin(at_ms, SampleLines().note(at_ms, Header{}).text(), state, 3));
  }
  template <class Condition>
  static void wait_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::yield();
    }
  }
};

TEST_F(WriterErrorTest, EndsTheFileWithANamedGapAndGoesOn) {
  WriterSettings settings;
  settings.folder = folder.path();
  Writer writer(settings);
  begin(writer, kStart);
  wait_until([&] { return writer.totals().bytes > 0; });
  memory_is_short = true;
  ASSERT_TRUE(writer.write(kStart + 1, large_line(kStart + 1), 1));
  wait_until([&] { return writer.totals().errors == 1; });
  EXPECT_EQ(writer.totals().lost_lines, 1U);
  EXPECT_NE(writer.totals().trouble, "");
  memory_is_short = false;
  wait_until([&] { return writer.wants_begin(); });
  EXPECT_EQ(writer.totals().unmarked_lines, 1U);
  begin(writer, kStart + 5);
  const Writer::Totals totals = writer.close();
  EXPECT_EQ(totals.errors, 1U);
  EXPECT_EQ(totals.unmarked_lines, 0U);
  EXPECT_EQ(totals.trouble, "");

  const std::vector<Segment> files = read_segments(folder.path());
  ASSERT_EQ(files.size(), 1U);
  Recording recording(folder / files[0].file);
  const Inspection found = inspect(recording);
  EXPECT_EQ(found.problem_count, 0U);
  ASSERT_EQ(found.gaps.size(), 1U);
  EXPECT_EQ(found.gaps[0].reason, "writer_error");
  EXPECT_EQ(found.gaps[0].from_ms, kStart);
}

TEST_F(WriterErrorTest, TellsAtTheEndOfLinesThatNoGapNames) {
  WriterSettings settings;
  settings.folder = folder.path();
  Writer writer(settings);
  begin(writer, kStart);
  wait_until([&] { return writer.totals().bytes > 0; });
  memory_is_short = true;
  ASSERT_TRUE(writer.write(kStart + 1, large_line(kStart + 1), 1));
  const Writer::Totals totals = writer.close();
  EXPECT_EQ(totals.lost_lines, 1U);
  EXPECT_EQ(totals.unmarked_lines, 1U);
  EXPECT_NE(totals.trouble, "");
}

}  // namespace
}  // namespace polybot::recording
