"""The recipe of an API route, followed for one more name of the status."""


def add(tree):
    api = "services/gateway/api/api.cpp"
    tree.put(api, '      {Get, "/api/v1/recipe", {}, call<&Api::status_, &StatusResource::status>()},',
             before='{Get, "/api/v1/pnl"')
    tree.put("services/gateway/api/README.md", "| GET `/api/v1/recipe` | | the status under another name |",
             before="| GET `/api/v1/pnl` |")
    tree.put("tests/integration/gateway/api_test.cpp", """\
TEST_F(ApiTest, AnswersUnderAnotherName) {
  serve([&]() -> asio::awaitable<void> {
    const json::value status = co_await get("/api/v1/recipe");
    EXPECT_TRUE(status.as_object().contains("trading"));
  });
}
""", before="TEST_F(ApiTest, ServesMarketsAndTheirBooks)")
    tree.put("CHANGELOG.md", "- `GET /api/v1/recipe`.", before="- A client API")
