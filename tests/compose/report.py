"""The results: a table of checks, each a line when it is made and a row at the end."""

from tests.compose.engine import Failed, say


class Table:
    """Each check with its result, printed at the end."""

    def __init__(self):
        self.rows = []

    def add(self, check, good, detail):
        self.rows.append((check, good, detail))
        say(f"{'ok  ' if good else 'FAIL'} {check}: {detail}")

    def check(self, name, body):
        """Runs body(), whose result is the detail of a good row; Failed makes a bad one."""
        try:
            self.add(name, True, body())
            return True
        except Failed as failure:
            self.add(name, False, str(failure))
            return False

    def skip(self, check, why):
        self.rows.append((check, None, why))
        say(f"skip {check}: {why}")

    def print(self):
        print("\n" + "-" * 100)
        width = max((len(check) for check, _, _ in self.rows), default=0)
        for check, good, detail in self.rows:
            word = {True: "ok", False: "FAIL", None: "skipped"}[good]
            print(f"{word:8}{check:{width}}  {detail}")
        bad = sum(good is False for _, good, _ in self.rows)
        good = sum(good is True for _, good, _ in self.rows)
        skipped = sum(good is None for _, good, _ in self.rows)
        print("-" * 100 + f"\n{good} checks hold, {bad} fail, {skipped} were skipped")
        return bad == 0


def demand(condition, otherwise):
    if not condition:
        raise Failed(otherwise)


def as_text(reasons):
    return ", ".join(f"{service} ({reason})" for service, reason in sorted(reasons.items())) or None
