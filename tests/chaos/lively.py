"""A stack that trades as much as it can: limits that do not bind, strategies that act on little."""

LIVELY = {
    "venue-simulator.toml": {"deposit": '"100000000"'},
    "order-manager.toml": {"order_notional_max": "2000", "position_max": "2000000", "event_exposure_max": "5000000",
                           "exposure_max": "50000000", "daily_loss_max": "90000000", "drawdown_max": "90000000",
                           "open_orders_max": "400", "order_rate": "200", "order_burst": "400",
                           "order_rate_max": "200", "order_burst_max": "400"},
    "strategy-runner.toml": {"requote_interval": '"100ms"', "refresh_interval": '"5s"', "spread_min": '"0.01"',
                             "toxic_pause": '"500ms"', "inventory_max": '"2000"', "event_cost_max": '"1000000"',
                             "pause": '"100ms"', "quantity_max": '"20"', "window": '"2s"', "flow_min": '"20"',
                             "trades_min": '"2"', "entry_imbalance": '"0.3"', "move_min": '"0.005"',
                             "spread_max": '"0.1"', "hold_max": '"2s"', "rest": '"2s"', "reduce_before_end": '"5s"',
                             "exit_before_end": '"3s"', "time_to_end_min": '"4s"', "denial_pause_max": '"2s"'},
}


def merged(configuration, more):
    """{file: {key: value}} with the keys of both; those of `more` win."""
    return {file: {**configuration.get(file, {}), **more.get(file, {})} for file in {**configuration, **more}}
