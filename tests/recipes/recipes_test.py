"""Follows three recipes of CONTRIBUTING.md in a copy of the project, and builds and tests the result: a strategy,
an API route, and a metric with panel and alert. A file that a recipe needs and does not name fails it. The copy stays
in the build folder, so that the next run compiles what changed.

  python3 -m tests.recipes.recipes_test
"""

import re
import subprocess
import sys

from tests.recipes import metric, route, strategy
from tests.recipes.tree import Tree
from tests.support.waiting import BUILD, ROOT, Failed, say

COPY = BUILD / "recipes"
RECIPES = {"A strategy": strategy, "An API route": route, "A metric with panel and alert": metric}
TESTS = ("unit_strategy_runner", "metrics_test", "metrics_aggregator_test", "gateway_integration_test",
         "monitoring_test")
PROGRAMS = ("strategy-runner", "order-manager")


def unnamed(title, changed):
    """Changed files that the recipe does not name."""
    section = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
                        re.MULTILINE | re.DOTALL)
    if section is None:
        return [f"CONTRIBUTING.md has no recipe '{title}'"]
    named = {span.split(":")[0].replace("NAME", "onlooker") for span in re.findall(r"`([^`\s]+)`", section[1])}
    # A header goes with the source that is named.
    return [path for path in sorted(changed) if path not in named and re.sub(r"\.hpp$", ".cpp", path) not in named]


def run(*words):
    if subprocess.run(words, cwd=COPY).returncode != 0:
        raise Failed(f"in {COPY}: {' '.join(words)} failed")


def main():
    tree = Tree()
    for title, recipe in RECIPES.items():
        before, tree.changed = tree.changed, set()
        recipe.add(tree)
        missing = unnamed(title, tree.changed)
        if missing:
            raise Failed(f"'{title}' does not name {', '.join(missing)}")
        say(f"{title}: {len(tree.changed)} files")
        tree.changed |= before
    tree.lay_down(COPY)
    run("/usr/bin/python3", "-B", "-m", "tests.tidy")
    release = str(COPY / "build/release")
    run("deploy/build.sh", release, "-DPOLYBOT_TESTS=ON", *TESTS, *PROGRAMS)
    run("ctest", "--test-dir", release, "--output-on-failure", "--no-tests=error", "-R", f"^({'|'.join(TESTS)})$")
    for program in PROGRAMS:
        run(f"{release}/bin/{program}", "--check-config", "--config", f"deploy/config/{program}.toml")
    say("recipes: a strategy, a route and a metric, added by the book, build and pass")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"recipes: {failure}", file=sys.stderr)
        sys.exit(1)
