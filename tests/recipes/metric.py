"""The recipe of a metric with panel and alert, followed for the number of markets that a runner knows."""

import json

NAME = "polybot_recipe_markets"
HELP = "Markets that the runners know."

ALERT = f"""\
      - alert: RecipeMarketsMissing
        expr: max by (account) (last_over_time({NAME}[5m])) < 1
        for: 2m
        keep_firing_for: 5m
        labels:
          severity: warning
          app: polybot
        annotations:
          summary: No runner knows a market
          description: The runners know no market.
          runbook_url: '{{{{ $externalURL }}}}/user/runbook.txt#recipemarketsmissing'
"""

FIRES = """\
        exp_alerts:
          - exp_labels: {severity: warning, app: polybot}
            exp_annotations:
              summary: No runner knows a market
              description: The runners know no market.
              runbook_url: '/user/runbook.txt#recipemarketsmissing'
"""


def case(values, *moments):
    """Moments at which the alert fires: True, or not: False."""
    lines = [f"  - interval: 10s\n    input_series:\n      - series: '{NAME}'\n        values: '{values}'\n"
             "    alert_rule_test:\n"]
    for moment, fires in moments:
        lines.append(f"      - eval_time: {moment}\n        alertname: RecipeMarketsMissing\n")
        lines.append(FIRES if fires else "")
    return "".join(lines)


CASES = "".join((
    "  # --- RecipeMarketsMissing\n", case("0x60", ("4m", True)), case("3x60", ("4m", False)),
    case(" ".join(["0x3 stale _"] * 9), ("4m10s", True), ("4m40s", True), ("4m50s", True))))


def panel(dashboard):
    like = next(panel for panel in dashboard["panels"] if panel["title"] == "Rules")
    new = json.loads(json.dumps(like))
    below = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    new.update(id=max(panel["id"] for panel in dashboard["panels"]) + 1, title="Markets known",
               description="Markets that the runners know.", gridPos={"x": 0, "y": below, "w": 5, "h": 3})
    new["targets"] = new["targets"][:1]
    new["targets"][0]["expr"] = f"max by (account) ({NAME})"
    dashboard["panels"].append(new)


def add(tree):
    tree.put("common/metrics/catalogue_table.hpp", f"""\
    Family{{"{NAME}", Type::Gauge, Policy::Sum,
           {{}}, kStrategyRunner, kMoves,
           "{HELP}"}},""", before='Family{"polybot_scans_total"')
    tree.put("tests/golden/metric_catalogue.txt", f"{NAME} gauge sum {{}} moves", before="polybot_scans_total ")
    tree.put("deploy/METRICS.md", f"| `{NAME}` | gauge | – | strategy-runner | sum | moves | {HELP} |",
             before="| `polybot_scans_total`")
    metrics = "services/strategy-runner/runner_metrics"
    tree.put(metrics + ".hpp", "  metrics::Gauge markets_;", after="metrics::Counter malformed_;")
    tree.replace(metrics + ".cpp", r'(malformed_\(registry\.counter\(.*"malformed"\}\)\)) \{',
                 rf'\1,\n      markets_(registry.gauge("{NAME}")) {{')
    tree.put(metrics + ".cpp", "  markets_.set(static_cast<double>(runner.markets().size()));",
             after="std::uint64_t malformed = 0;")
    board = "deploy/grafana/dashboards/polybot.json"
    dashboard = json.loads(tree.read(board))
    panel(dashboard)
    tree.write(board, json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n")
    tree.put("deploy/prometheus/alerts.yml", ALERT, before="- alert: MarketUnreadable")
    tree.put("deploy/prometheus/alerts_test.yml", CASES, before="# --- MarketUnreadable")
    tree.put("deploy/README.md",
             "### RecipeMarketsMissing\n\nThe runners know no market (warning). First: the gateway.\n",
             before="### MarketUnreadable")
    tree.put("CHANGELOG.md", f"- `{NAME}` and RecipeMarketsMissing.", before="- Metrics, health, alerts")
