#include "tests/monitoring/dashboard.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <set>

namespace polybot::monitoring {
namespace {

namespace json = boost::json;
using Names = std::set<std::string, std::less<>>;

constexpr std::int64_t kColumns = 24;

// The rows in this order; the first five are those that users were promised.
const std::vector<std::string> kRows{"P&L Overview",   "Order Activity",  "Position Summary",
                                     "Signal Rate",    "API Performance", "Latency",
                                     "Bus & Services", "Alerts"};
constexpr std::size_t kPromisedRows = 5;

// Grafana takes any word for a unit and shows it behind the number, so only known units are
// allowed.
const Names kUnits{"currencyUSD", "percentunit", "s",     "short", "opm",
                   "cpm",         "cps",         "reqps", "bytes"};

const Names kDashboardFields{"uid",           "title",      "description", "tags",
                             "schemaVersion", "version",    "editable",    "graphTooltip",
                             "timezone",      "refresh",    "liveNow",     "fiscalYearStartMonth",
                             "weekStart",     "time",       "timepicker",  "annotations",
                             "links",         "templating", "panels"};
const Names kPanelFields{"id",      "type",        "title",   "description", "datasource",
                         "gridPos", "fieldConfig", "options", "targets",     "transformations"};
const Names kRowFields{"id", "type", "title", "collapsed", "gridPos", "panels"};
const Names kDefaultsFields{"unit",     "color", "mappings", "thresholds", "custom",
                            "decimals", "min",   "max",      "noValue"};
const Names kTargetFields{"datasource", "editorMode",   "expr",  "format",
                          "instant",    "legendFormat", "range", "refId"};

struct PanelType {
  Names options;
  Names custom;
};
const std::map<std::string, PanelType, std::less<>> kPanelTypes{
    {"timeseries",
     {{"legend", "tooltip"},
      {"drawStyle", "lineInterpolation", "lineWidth", "fillOpacity", "gradientMode", "showPoints",
       "spanNulls", "stacking", "axisPlacement", "thresholdsStyle"}}},
    {"stat",
     {{"reduceOptions", "orientation", "textMode", "colorMode", "graphMode", "justifyMode",
       "wideLayout", "showPercentChange", "percentChangeColorMode"},
      {}}},
    {"bargauge",
     {{"reduceOptions", "orientation", "displayMode", "valueMode", "showUnfilled", "namePlacement",
       "sizing", "minVizWidth", "minVizHeight", "maxVizHeight", "legend"},
      {}}},
    {"state-timeline",
     {{"mergeValues", "showValue", "alignValue", "rowHeight", "legend", "tooltip"},
      {"fillOpacity", "lineWidth"}}},
    {"table",
     {{"showHeader", "cellHeight", "footer", "frameIndex", "sortBy"},
      {"align", "cellOptions", "filterable", "inspect"}}},
};

// --- Reading JSON without a promise of shape
// --------------------------------------------------------------

const json::value& field(const json::value& value, std::string_view name) {
  static const json::value kNull;
  const json::object* object = value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(name);
  return found == nullptr ? kNull : *found;
}

std::string text(const json::value& value) {
  const json::string* found = value.if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

const json::array& list(const json::value& value) {
  static const json::array kEmpty;
  const json::array* found = value.if_array();
  return found == nullptr ? kEmpty : *found;
}

std::optional<double> number(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  return value.to_number<double>();
}

std::int64_t whole(const json::value& value) {
  const json::value& found = value;
  return found.is_int64() ? found.as_int64() : -1;
}

bool is_true(const json::value& value) {
  return value.is_bool() && value.as_bool();
}
bool is_false(const json::value& value) {
  return value.is_bool() && !value.as_bool();
}

void check_fields(const json::value& value, const Names& known, const std::string& where,
                  Problems& problems) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    problems.push_back(where + " is not an object");
    return;
  }
  for (const auto& [key, ignored] : *object) {
    if (!known.contains(std::string_view(key)))
      problems.push_back(where + " has an unknown field " + std::string(key));
  }
}

// --- The parts of a dashboard
// -----------------------------------------------------------------------------

void check_head(const json::value& dashboard, Problems& problems) {
  check_fields(dashboard, kDashboardFields, "the dashboard", problems);
  if (text(field(dashboard, "uid")) != "polybot") problems.emplace_back("its uid is not polybot");
  if (whole(field(dashboard, "schemaVersion")) != 41)
    problems.emplace_back("its schemaVersion is not 41");
  if (!is_true(field(dashboard, "editable"))) problems.emplace_back("it is not editable");
  if (text(field(dashboard, "title")).empty()) problems.emplace_back("it has no title");
  const json::array& variables = list(field(field(dashboard, "templating"), "list"));
  if (variables.size() != 1 || text(field(variables[0], "name")) != "datasource" ||
      text(field(variables[0], "type")) != "datasource" ||
      text(field(variables[0], "query")) != "prometheus") {
    problems.emplace_back("its one variable is not the Prometheus data source, called datasource");
  }
}

struct Box {
  std::int64_t x, y, w, h;
  bool overlaps(const Box& other) const {
    return x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h;
  }
};

Box box_of(const json::value& panel) {
  const json::value& grid = field(panel, "gridPos");
  return {whole(field(grid, "x")), whole(field(grid, "y")), whole(field(grid, "w")),
          whole(field(grid, "h"))};
}

void check_geometry(const json::array& panels, Problems& problems) {
  std::set<std::int64_t> ids;
  std::vector<std::pair<std::string, Box>> placed;
  for (const json::value& panel : panels) {
    const std::string title = text(field(panel, "title"));
    const std::int64_t id = whole(field(panel, "id"));
    if (id <= 0 || !ids.insert(id).second)
      problems.push_back(title + ": its id is missing or another panel's");
    const Box box = box_of(panel);
    if (box.x < 0 || box.y < 0 || box.w <= 0 || box.h <= 0 || box.x + box.w > kColumns) {
      problems.push_back(title + ": it is not within the grid");
    }
    for (const auto& [other, taken] : placed) {
      if (box.overlaps(taken)) problems.push_back(title + ": it overlaps " + other);
    }
    placed.emplace_back(title, box);
  }
}

void check_rows(const json::array& panels, Problems& problems) {
  std::vector<std::string> rows;
  std::map<std::string, bool> has_curve;
  for (const json::value& panel : panels) {
    const std::string type = text(field(panel, "type"));
    if (type == "row") {
      rows.push_back(text(field(panel, "title")));
      check_fields(panel, kRowFields, "row " + rows.back(), problems);
      if (!is_false(field(panel, "collapsed")))
        problems.push_back("row " + rows.back() + " is not open");
    } else if (rows.empty()) {
      problems.emplace_back("a panel stands before the first row");
    } else if (type == "timeseries") {
      has_curve[rows.back()] = true;
    }
  }
  if (rows != kRows) problems.emplace_back("its rows are not the promised ones in their order");
  for (std::size_t i = 0; i < kPromisedRows; ++i) {
    // Grafana makes alerts from time series.
    if (!has_curve[kRows[i]])
      problems.push_back("row " + kRows[i] + " has no time series to make an alert of");
  }
}

void check_thresholds(const json::value& thresholds, const std::string& title, Problems& problems) {
  const json::array& steps = list(field(thresholds, "steps"));
  if (text(field(thresholds, "mode")) != "absolute" || steps.size() < 2) {
    problems.push_back(title + ": its thresholds say nothing");
    return;
  }
  double last = -INFINITY;
  Names colours;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const json::value& value = field(steps[i], "value");
    if (i == 0 ? !value.is_null() : !number(value) || *number(value) <= last) {
      problems.push_back(title + ": its thresholds do not rise");
      return;
    }
    last = number(value).value_or(last);
    colours.insert(text(field(steps[i], "color")));
  }
  if (colours.size() < 2) problems.push_back(title + ": its thresholds say nothing");
}

void check_expression(const PanelQuery& query, const std::string& legend, Problems& problems) {
  const auto problem = [&](const std::string& what) {
    problems.push_back(query.panel + ": " + what);
  };
  if (query.expression.find("vector(0)") != std::string::npos)
    problem("`or vector(0)` makes up what nobody measured");
  if (query.expression.find("absent") != std::string::npos)
    problem("absent() makes up what nobody measured");
  const ExpressionNames names = read_names(with_variables(query.expression));
  for (const std::string& what : check_names(names)) problem(what);
  for (const std::string& what : check_accounts(names)) problem(what);
  for (const MetricUse& use :
       read_names(replaced(query.expression, "$__rate_interval", "__rate_interval")).uses) {
    const bool of_interval =
        use.function == "rate" || use.function == "irate" || use.function == "deriv";
    if (of_interval && use.range != "__rate_interval")
      problem(use.metric + " is not read over $__rate_interval");
    const bool market =
        std::ranges::any_of(use.matchers, [](const Matcher& m) { return m.label == "market"; });
    if (market || (use.metric == "polybot_position_value_usd" && !query.instant))
      problem("it reads markets over time");
  }
  const std::set<std::string> labels = result_labels(names);
  static const std::regex kReference(R"(\{\{\s*([A-Za-z_]+)\s*\}\})");
  for (std::sregex_iterator it(legend.begin(), legend.end(), kReference), end; it != end; ++it) {
    if (!labels.contains((*it)[1]))
      problem("its legend names a label it does not have: " + (*it)[1].str());
  }
}

void check_targets(const json::value& panel, const std::string& title, Problems& problems) {
  const json::array& targets = list(field(panel, "targets"));
  if (targets.empty()) problems.push_back(title + ": it asks nothing");
  std::set<std::string> references;
  for (const json::value& target : targets) {
    check_fields(target, kTargetFields, title + ": a target", problems);
    if (!references.insert(text(field(target, "refId"))).second)
      problems.push_back(title + ": two targets have one refId");
    if (text(field(field(target, "datasource"), "uid")) != "${datasource}") {
      problems.push_back(title + ": a target does not follow the data source variable");
    }
    const bool instant = is_true(field(target, "instant"));
    if (instant == is_true(field(target, "range")))
      problems.push_back(title + ": a target is both or neither of instant and range");
    check_expression(
        {.panel = title, .expression = text(field(target, "expr")), .instant = instant},
        text(field(target, "legendFormat")), problems);
  }
}

void check_panel(const json::value& panel, Problems& problems) {
  const std::string title = text(field(panel, "title"));
  if (title.empty()) problems.emplace_back("a panel has no title");
  check_fields(panel, kPanelFields, title, problems);
  if (text(field(panel, "description")).size() < 20)
    problems.push_back(title + ": it has no description");
  if (text(field(field(panel, "datasource"), "uid")) != "${datasource}") {
    problems.push_back(title + ": it does not follow the data source variable");
  }
  const auto type = kPanelTypes.find(text(field(panel, "type")));
  if (type == kPanelTypes.end()) {
    problems.push_back(title + ": its type is not known");
    return;
  }
  const json::value& defaults = field(field(panel, "fieldConfig"), "defaults");
  check_fields(defaults, kDefaultsFields, title + ": fieldConfig.defaults", problems);
  check_fields(field(panel, "options"), type->second.options, title + ": options", problems);
  if (!field(defaults, "custom").is_null() || !type->second.custom.empty()) {
    check_fields(field(defaults, "custom"), type->second.custom,
                 title + ": fieldConfig.defaults.custom", problems);
  }
  if (!kUnits.contains(text(field(defaults, "unit"))))
    problems.push_back(title + ": it has no known unit");
  check_thresholds(field(defaults, "thresholds"), title, problems);
  check_targets(panel, title, problems);
}

// While no receiver is configured the dashboard must show it.
void check_delivery_panel(const json::array& panels, Problems& problems) {
  for (const json::value& panel : panels) {
    const std::string rendered = json::serialize(panel);
    if (rendered.find("alertmanager_integrations") == std::string::npos) continue;
    for (const json::value& mapping :
         list(field(field(field(panel, "fieldConfig"), "defaults"), "mappings"))) {
      if (text(field(field(field(mapping, "options"), "0"), "text")) ==
          "alerts are delivered to nobody")
        return;
    }
  }
  problems.emplace_back("no panel says that alerts are delivered to nobody");
}

}  // namespace

std::vector<PanelQuery> queries_of(const json::value& dashboard) {
  std::vector<PanelQuery> queries;
  for (const json::value& panel : list(field(dashboard, "panels"))) {
    for (const json::value& target : list(field(panel, "targets"))) {
      queries.push_back({.panel = text(field(panel, "title")),
                         .expression = text(field(target, "expr")),
                         .instant = is_true(field(target, "instant"))});
    }
  }
  return queries;
}

std::string with_variables(std::string expression) {
  return replaced(std::move(expression), "$__rate_interval", "1m");
}

Problems check_dashboard(const json::value& dashboard) {
  Problems problems;
  check_head(dashboard, problems);
  const json::array& panels = list(field(dashboard, "panels"));
  check_geometry(panels, problems);
  check_rows(panels, problems);
  std::set<std::string> titles;
  for (const json::value& panel : panels) {
    if (!titles.insert(text(field(panel, "title"))).second) {
      problems.push_back(text(field(panel, "title")) + ": two panels have this title");
    }
    if (text(field(panel, "type")) != "row") check_panel(panel, problems);
  }
  check_delivery_panel(panels, problems);
  return problems;
}

}  // namespace polybot::monitoring
