#include "tests/unit/gateway/words.hpp"

namespace polybot::gateway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FeedSupervisorTest : public testing::Test {
 protected:
  static constexpr LinkId kFirst{1};

  FeedActions timer(Duration to) {
    now = to;
    FeedActions out;
    supervisor.on_timer(now, out);
    return out;
  }
  template <class T>
  static std::vector<T> of(const FeedActions& actions) {
    std::vector<T> found;
    for (const FeedAction& action : actions) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  void add(int count) {
    FeedActions out;
    for (int n = 0; n < count; ++n) supervisor.add(token_id(n), now, out);
  }
  // One token is subscribed, its book is fresh, and everything was just heard.
  void run_one() {
    add(1);
    (void)timer(now);
    FeedActions out;
    supervisor.on_open(kFirst, now, out);
    EXPECT_THAT(of<SubscribeTokens>(out),
                ElementsAre(SubscribeTokens{kFirst, {token_id(0)}, true}));
    supervisor.on_data(kFirst, now);
    supervisor.on_book_fresh(token_id(0), SnapshotSource::Socket, now);
  }
  // Makes the link and its book look alive.
  void alive() {
    supervisor.on_data(kFirst, now);
    supervisor.on_pong(kFirst, now);
    supervisor.on_book_data(token_id(0), now);
  }

  SupervisorSettings settings;
  FeedSupervisor supervisor{settings};
  Duration now = 100s;
};

TEST_F(FeedSupervisorTest, OpensAConnectionForEveryTwoHundredTokens) {
  add(401);
  EXPECT_THAT(of<OpenLink>(timer(now)), ElementsAre(OpenLink{{1}}, OpenLink{{2}}, OpenLink{{3}}));
  FeedActions out;
  supervisor.on_open({2}, now, out);
  EXPECT_THAT(of<SubscribeTokens>(out)[0].tokens, SizeIs(200));
  EXPECT_EQ(supervisor.links_open(), 1U);
}

TEST_F(FeedSupervisorTest, AddsATokenToAnOpenConnectionInTheOperationShape) {
  run_one();
  FeedActions out;
  supervisor.add(token_id(1), now, out);
  supervisor.add(token_id(2), now, out);
  EXPECT_THAT(out,
              ElementsAre(FeedAction(SubscribeTokens{kFirst, {token_id(1), token_id(2)}, false})));
  out.clear();
  supervisor.remove(token_id(1), out);
  EXPECT_THAT(out, ElementsAre(FeedAction(UnsubscribeTokens{kFirst, {token_id(1)}})));
}

TEST_F(FeedSupervisorTest, ClosesAConnectionThatCarriesNothing) {
  run_one();
  FeedActions out;
  supervisor.remove(token_id(0), out);
  EXPECT_THAT(out, ElementsAre(FeedAction(CutLink{kFirst, LinkEnd::Idle})));
  EXPECT_EQ(supervisor.links(), 0U);
}

TEST_F(FeedSupervisorTest, PingsEveryTenSecondsAndNeverBeforeSubscribing) {
  add(1);
  EXPECT_THAT(of<SendPing>(timer(130s)), IsEmpty());
  FeedActions out;
  supervisor.on_open(kFirst, now, out);
  EXPECT_THAT(of<SendPing>(out), IsEmpty());
  supervisor.on_book_fresh(token_id(0), SnapshotSource::Socket, now);
  EXPECT_THAT(of<SendPing>(timer(139s)), IsEmpty());
  EXPECT_THAT(of<SendPing>(timer(140s)), SizeIs(1));
}

TEST_F(FeedSupervisorTest, ReplacesAConnectionThatDoesNotAnswerItsPing) {
  run_one();
  supervisor.on_data(kFirst, 110s);
  EXPECT_THAT(of<SendPing>(timer(110s)), SizeIs(1));
  supervisor.on_data(kFirst, 119s);
  const auto actions = timer(120s);
  EXPECT_THAT(of<StaleBooks>(actions),
              ElementsAre(StaleBooks{{token_id(0)}, ResyncReason::Disconnected}));
  EXPECT_THAT(of<CutLink>(actions), ElementsAre(CutLink{kFirst, LinkEnd::PongTimeout}));
  EXPECT_THAT(of<OpenLink>(timer(now + 1ms)), SizeIs(1));
}

TEST_F(FeedSupervisorTest, DeclaresTheBooksOfAClosedConnectionStaleAtOnce) {
  run_one();
  FeedActions out;
  supervisor.on_closed(kFirst, now, out);
  EXPECT_THAT(out, ElementsAre(FeedAction(StaleBooks{{token_id(0)}, ResyncReason::Disconnected})));
}

TEST_F(FeedSupervisorTest, BacksOffWithJitterWhileConnectingFails) {
  add(1);
  (void)timer(now);
  Duration longest{};
  for (int attempt = 0; attempt < 12; ++attempt) {
    FeedActions out;
    supervisor.on_closed(kFirst, now, out);
    EXPECT_THAT(out, IsEmpty());  // there was no book to lose
    const Duration failed_at = now;
    while (of<OpenLink>(timer(now + 10ms)).empty())
      ASSERT_LE(now - failed_at, settings.reconnect_max + 10ms);
    longest = std::max(longest, now - failed_at);
  }
  EXPECT_GE(longest, settings.reconnect_max / 2);
}

TEST_F(FeedSupervisorTest, ReadsABookByRestWhenNoOpeningBookComes) {
  add(1);
  (void)timer(now);
  FeedActions out;
  supervisor.on_open(kFirst, now, out);
  EXPECT_THAT(of<FetchBooks>(timer(104s)), IsEmpty());
  EXPECT_THAT(of<FetchBooks>(timer(105s)),
              ElementsAre(FetchBooks{{token_id(0)}, FetchPurpose::Resync}));
}

TEST_F(FeedSupervisorTest, TriesOneNewSocketWhenNoOpeningBookComesAtAll) {
  add(1);
  (void)timer(now);
  FeedActions out;
  supervisor.on_open(kFirst, now, out);
  supervisor.on_book_fresh(token_id(0), SnapshotSource::Rest, 105s);
  EXPECT_THAT(of<CutLink>(timer(110s)), ElementsAre(CutLink{kFirst, LinkEnd::NoOpeningBooks}));
  while (of<OpenLink>(timer(now + 50ms)).empty()) ASSERT_LT(now, 130s);
  supervisor.on_open(kFirst, now, out);
  for (int i = 0; i < 20; ++i) {
    supervisor.on_data(kFirst, now);
    supervisor.on_pong(kFirst, now);
    EXPECT_THAT(of<CutLink>(timer(now + 1s)), IsEmpty());
  }
}

TEST_F(FeedSupervisorTest, ComparesTheBooksOfASilentConnection) {
  run_one();
  EXPECT_THAT(of<FetchBooks>(timer(now + settings.silence - 1ms)), IsEmpty());
  EXPECT_THAT(of<FetchBooks>(timer(now + 1ms)),
              ElementsAre(FetchBooks{{token_id(0)}, FetchPurpose::Sample}));
  FeedActions out;
  supervisor.on_compared(token_id(0), Agreement::Equal, now, out);
  supervisor.on_compared(token_id(0), Agreement::Inconclusive, now, out);
  EXPECT_THAT(out, IsEmpty());  // quiet is not dead
}

TEST_F(FeedSupervisorTest, ComparesNoMoreBooksTheMoreConnectionsAreSilent) {
  settings.tokens_per_link_max = 100;
  settings.compare_silent_max = 200;
  supervisor = FeedSupervisor(settings);
  add(1'000);
  FeedActions opened;
  for (const OpenLink& open : of<OpenLink>(timer(now))) supervisor.on_open(open.link, now, opened);
  for (int i = 0; i < 1'000; ++i)
    supervisor.on_book_fresh(token_id(i), SnapshotSource::Socket, now);
  const domain::TokenId lively = token_id(555);
  now += 1ms;
  supervisor.on_book_data(lively, now);
  std::set<domain::TokenId> compared;
  for (int second = 0; second < 8; ++second) {
    std::vector<domain::TokenId> asked;
    std::size_t requests = 0;
    for (int turn = 0; turn < 20; ++turn) {
      for (const FetchBooks& fetch : of<FetchBooks>(timer(now + 50ms))) {
        if (fetch.purpose != FetchPurpose::Sample) continue;
        ++requests;
        asked.insert(asked.end(), fetch.tokens.begin(), fetch.tokens.end());
      }
    }
    if (asked.empty()) continue;
    EXPECT_LE(requests, 2U);
    EXPECT_EQ(asked.size(), 200U);
    EXPECT_THAT(asked, Contains(lively));
    compared.insert(asked.begin(), asked.end());
  }
  EXPECT_THAT(compared, SizeIs(1'000)) << "each in its turn";
}

TEST_F(FeedSupervisorTest, ReplacesAConnectionThatTheVenueHasLeftBehind) {
  run_one();
  FeedActions out;
  supervisor.on_compared(token_id(0), Agreement::Behind, now, out);
  EXPECT_THAT(of<StaleBooks>(out),
              ElementsAre(StaleBooks{{token_id(0)}, ResyncReason::FeedSilent}));
  EXPECT_THAT(of<CutLink>(out), ElementsAre(CutLink{kFirst, LinkEnd::FeedSilent}));
}

TEST_F(FeedSupervisorTest, DoesNotHideADeadFeedBehindRestBooks) {
  run_one();
  FeedActions out;
  supervisor.on_compared(token_id(0), Agreement::Behind, now, out);
  EXPECT_THAT(of<OpenLink>(timer(now)), SizeIs(1));
  supervisor.on_open(kFirst, now, out);
  const Duration opened = now;
  std::size_t cut = 0;
  for (int i = 0; i < 200; ++i) {  // 50 s of a socket that answers PING and nothing else
    supervisor.on_pong(kFirst, now);
    const FeedActions actions = timer(now + 250ms);
    EXPECT_THAT(of<FetchBooks>(actions), IsEmpty());
    cut += of<CutLink>(actions).size();
    if (!of<OpenLink>(actions).empty()) supervisor.on_open(kFirst, now, out);
  }
  EXPECT_GE(cut, 3U) << "since " << opened.count();
  supervisor.on_data(kFirst, now);  // it speaks: what is missing may come by REST
  EXPECT_THAT(of<FetchBooks>(timer(now + settings.snapshot_timeout)), SizeIs(1));
}

TEST_F(FeedSupervisorTest, ComparesOneQuietBookOfABusyConnection) {
  run_one();
  FeedActions fetched;
  for (int i = 0; i < 60 && fetched.empty(); ++i) {
    supervisor.on_data(kFirst, now);
    supervisor.on_pong(kFirst, now);
    for (const FetchBooks& fetch : of<FetchBooks>(timer(now + 250ms))) fetched.emplace_back(fetch);
  }
  EXPECT_THAT(fetched, ElementsAre(FeedAction(FetchBooks{{token_id(0)}, FetchPurpose::Compare})));
  EXPECT_GE(now, 100s + settings.quiet);
}

TEST_F(FeedSupervisorTest, RepairsOneFailedBookByRest) {
  run_one();
  FeedActions out;
  supervisor.on_book_failed(token_id(0), ResyncReason::BestMismatch, now, out);
  EXPECT_THAT(out, IsEmpty());
  EXPECT_THAT(of<FetchBooks>(timer(now)),
              ElementsAre(FetchBooks{{token_id(0)}, FetchPurpose::Resync}));
  EXPECT_THAT(of<FetchBooks>(timer(now + 1s)), IsEmpty());
  alive();
  EXPECT_THAT(of<FetchBooks>(timer(now + 1s)), SizeIs(1));  // no answer: again
  supervisor.on_book_fresh(token_id(0), SnapshotSource::Rest, now);
  alive();
  EXPECT_THAT(of<FetchBooks>(timer(now + 900ms)), IsEmpty());
  alive();
  EXPECT_THAT(of<FetchBooks>(timer(now + 900ms)), IsEmpty());
  alive();
  EXPECT_THAT(of<FetchBooks>(timer(now + 900ms)), IsEmpty());
}

TEST_F(FeedSupervisorTest, ReplacesTheConnectionOfABookThatFailsAgainAndAgain) {
  run_one();
  FeedActions out;
  for (int i = 0; i < settings.failures_max; ++i) {
    supervisor.on_book_failed(token_id(0), ResyncReason::BestMismatch, now + i * 1s, out);
    supervisor.on_book_fresh(token_id(0), SnapshotSource::Rest, now + i * 1s);
  }
  EXPECT_THAT(of<CutLink>(out), ElementsAre(CutLink{kFirst, LinkEnd::BooksFail}));
}

// The venue has a level off the grid, and every whole book shows it.
TEST_F(FeedSupervisorTest, DoesNotBlameTheConnectionForWhatTheVenueSaysWrongly) {
  run_one();
  FeedActions out;
  std::vector<FetchBooks> fetched;
  for (int i = 0; i < 100; ++i) {
    alive();
    supervisor.on_book_failed(token_id(0), ResyncReason::BadLevel, now, out);
    for (const FetchBooks& fetch : of<FetchBooks>(timer(now + 1s))) fetched.push_back(fetch);
  }
  EXPECT_THAT(of<CutLink>(out), IsEmpty());
  EXPECT_THAT(fetched, SizeIs(testing::AllOf(testing::Ge(4U), testing::Le(10U))))
      << "it is read again, at a slow pace";
}

TEST_F(FeedSupervisorTest, StaysSlowEvenWhenTheBooksAreRight) {
  run_one();
  FeedActions out;
  std::vector<FetchBooks> fetched;
  for (int i = 0; i < 100; ++i) {
    alive();
    supervisor.on_book_failed(token_id(0), ResyncReason::BadLevel, now, out);
    for (const FetchBooks& fetch : of<FetchBooks>(timer(now + 1s))) {
      fetched.push_back(fetch);
      supervisor.on_book_fresh(token_id(0), SnapshotSource::Rest, now);
    }
  }
  EXPECT_THAT(fetched, SizeIs(testing::AllOf(testing::Ge(4U), testing::Le(10U))));
}

TEST_F(FeedSupervisorTest, ReplacesNoConnectionTwiceForOneBook) {
  run_one();
  FeedActions out;
  for (int i = 0; i < 10 * settings.failures_max; ++i) {
    supervisor.on_open(kFirst, now, out);
    supervisor.on_book_failed(token_id(0), ResyncReason::BestMismatch, now, out);
  }
  EXPECT_THAT(of<CutLink>(out), SizeIs(1));
}

TEST_F(FeedSupervisorTest, DoesNotBlameTheConnectionForTickChanges) {
  run_one();
  FeedActions out;
  for (int i = 0; i < 10; ++i)
    supervisor.on_book_failed(token_id(0), ResyncReason::TickChanged, now, out);
  EXPECT_THAT(out, IsEmpty());
}

TEST_F(FeedSupervisorTest, AsksForManyBooksInSeveralRequests) {
  add(200);
  (void)timer(now);
  FeedActions out;
  supervisor.on_open(kFirst, now, out);
  const auto fetches = of<FetchBooks>(timer(now + settings.snapshot_timeout));
  ASSERT_THAT(fetches, SizeIs(2));
  EXPECT_THAT(fetches[0].tokens, SizeIs(settings.tokens_per_fetch_max));
}

}  // namespace
}  // namespace polybot::gateway
