"""Patterns that no line or statement of the sources may contain."""

import re
import unittest

from tests.tidy.sources import ALL, PRODUCT, sources

_CORES = [source for source in sources("common", "services")
          if source.path.startswith(("common/domain/", "common/follow/")) or "/core/" in source.path]
_PRODUCT = sources(*PRODUCT)
_ALL = sources(*ALL)
_LOG_CALL = re.compile(r"\b(log::\w+|\w*(log_?|limited|refused_)(\.|->)(debug|info|warning|error|write))\(")
_OWN_FIELD = re.compile(r'\{"(timestamp|level|message|service|replica|suppressed|truncated)",')
_AGGREGATE = re.compile(r"[(,]\s*\{\s*\.|[A-Za-z0-9_>]\{\s*\.")


def lines_with(found_in, pattern, exempt=()):
    return [f"{source.path}:{number}: {line.strip()}"
            for source in found_in if not (exempt and source.path.startswith(exempt))
            for number, line in enumerate(source.lines, 1) if re.search(pattern, line)]


def statement_at(source, index, column):
    """The statement that begins there, without what follows its semicolon."""
    statement = source.lines[index][column:]
    for line in source.lines[index + 1:]:
        if ";" in statement:
            break
        statement += line
    return statement.split(";")[0]


class Lines(unittest.TestCase):
    maxDiff = None

    def test_cores_read_no_clock_and_hold_no_threads(self):
        banned = (r"::now\(\)|std::thread|std::mutex|std::random_device|std::.*_distribution|printf|std::cout|std::cerr"
                  r"|getenv")
        self.assertEqual(lines_with(_CORES, banned, exempt=("common/domain/assert.cpp",)), [])

    def test_no_floating_point_touches_money(self):
        money = sources("common/domain", "services/order-manager/core")
        self.assertEqual(lines_with(money, r"^[^/]*\b(double|float)\b"), [])

    def test_product_code_does_not_sleep_and_leaves_nothing_undone(self):
        # The lock of the journal is waited for at a start, when nothing else runs.
        self.assertEqual(lines_with(_PRODUCT, r"this_thread::|usleep\(|[^_.]\bsleep\(",
                                    exempt=("common/runtime/watchdog", "services/order-manager/journal/journal_lock")),
                         [])
        self.assertEqual(lines_with(_PRODUCT, r"TODO|FIXME|XXX|[Nn]ot implemented|using namespace std;"), [])

    def test_no_log_field_has_a_name_of_the_lines_own(self):
        """It would be shown as `replica_` beside the line's replica."""
        offences = []
        for source in _PRODUCT:
            for index, line in enumerate(source.lines):
                call = _LOG_CALL.search(line)
                if call and _OWN_FIELD.search(statement_at(source, index, call.start())):
                    offences.append(f"{source.path}:{index + 1}: {line.strip()}")
        self.assertEqual(offences, [])

    def test_no_aggregate_temporary_inside_a_co_await(self):
        """gcc 12 copies it bitwise and destroys it twice, which corrupts the heap as soon as it holds a string. Such a
        value is named in a statement of its own."""
        offences = []
        for source in _ALL:
            for index, line in enumerate(source.lines):
                column = line.find("co_await ")
                if column < 0 or "//" in line[:column]:
                    continue
                if _AGGREGATE.search(statement_at(source, index, column)):
                    offences.append(f"{source.path}:{index + 1}: {line.strip()}")
        self.assertEqual(offences, [])

    def test_no_co_await_in_the_condition_of_a_loop(self):
        """gcc 12 loses the frame: the first resumption reads garbage. The value is named in a statement of its own."""
        self.assertEqual(lines_with(_ALL, r"\bwhile \([^()]*co_await"), [])

    def test_tests_do_not_sleep_or_use_fixed_ports(self):
        tests = sources("tests/unit", "tests/simulation", "tests/integration")
        self.assertEqual(lines_with(tests, r"sleep_for|sleep_until|usleep\(|\bsleep\(|127\.0\.0\.1:[1-9]"), [])
