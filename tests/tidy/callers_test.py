"""Product code uses all that a header offers. Checked by name: a name of two functions is used when either is."""

import re
import unittest
from bisect import bisect_right
from collections import defaultdict

from tests.tidy.sources import PRODUCT, Source, sources

# Functions without a caller in product code, and why they stay.
UNCALLED = {
    "broken_invariants": "the simulation asks it after each turn of order-manager",
    "get_cancellation_slot": "Asio calls it",
    "identifier_of": "the printed table of order states shows what the source calls them",
    "journal_sequence": "a test of the engine tells by it what is durable",
    "lapsed": "the simulation asks whether the venue has given an account up",
    "order_events": "tests of the API wait by it until what they sent has arrived",
    "refused_for": "tests of the bus read what was counted",
    "replays_with": "tests of the bus read what was counted",
    "rows_taken": "the simulation shows which rows of the order table it has taken",
    "streams": "a test of the bus holds the memory of what was heard to its bound",
    "throw_exception_from_error": "Boost.System calls it",
    "write_clob_result": "tests that play the venue say by it how a market ended",
}

_NAME = re.compile(r"\b[a-z][a-z0-9_]*(?<!_)\b")  # not members
_PARAMETERS = re.compile(r"\s*(<[^<>;{}]*>)?\s*\(")
_STARTS = re.compile(r"[;{}]|\b(?:public|private|protected)\s*:(?!:)|^#.*$", re.MULTILINE)
_TEMPLATE = re.compile(r"template\s*<[^{};]*?>\s*(requires[^{};]*?)?(?=[a-z\[])", re.DOTALL)


def is_declaration(code, name, bodies):
    """Whether the name is that of a function being declared or defined there, not used."""
    body = bisect_right(bodies, (name.start(), len(code))) - 1
    if body >= 0 and name.start() < bodies[body][1]:
        return False
    if not _PARAMETERS.match(code, name.end()):
        return False
    before = code[max(0, name.start() - 500):name.start()]
    if not re.search(r"[\w>&*\]:]\s*$", before):
        return False
    head = _TEMPLATE.sub("", _STARTS.split(before)[-1])
    in_initialiser = re.search(r"\)\s*(noexcept\s*)?:(?!:)", head)
    return bool(head.strip()) and "=" not in head and head.count("(") == head.count(")") and not in_initialiser


def is_virtual(code, name):
    head = _STARTS.split(code[max(0, name.start() - 300):name.start()])[-1]
    tail = re.split(r"[;{]", code[name.end():name.end() + 600])[0]
    return "virtual" in head or bool(re.search(r"\b(override|final)\b", tail))


def uncalled(read):
    """{name: where a header declares it} of the functions that no source uses."""
    declared, free, used, named = defaultdict(list), set(), set(), set()
    for source in read:
        bodies = sorted((function.begin, function.end) for function in source.functions)
        for name in _NAME.finditer(source.code):
            if not is_declaration(source.code, name, bodies):
                calls = _PARAMETERS.match(source.code, name.end()) or source.code.endswith("::", 0, name.start())
                (used if calls else named).add(name[0])
            elif source.path.endswith(".hpp") and not is_virtual(source.code, name):
                line = source.code.count("\n", 0, name.start()) + 1
                declared[name[0]].append(f"{source.path}:{line}: {name[0]}")
                if not source.lines[line - 1].startswith(" "):
                    free.add(name[0])
    # A free function may be handed on by its name; that of a member, without a call, is a variable's.
    return {name: places for name, places in declared.items() if name not in used and name not in named & free}


class Callers(unittest.TestCase):
    maxDiff = None

    def test_every_function_of_a_header_has_a_caller_outside_tests(self):
        found = uncalled(sources(*PRODUCT))
        self.assertEqual([place for name in sorted(found.keys() - UNCALLED.keys()) for place in found[name]], [])
        self.assertEqual(sorted(UNCALLED.keys() - found.keys()), [], "no exceptions any more")

    def test_tells_a_use_from_a_declaration(self):
        header = Source("x.hpp", """
            class Thing {
             public:
              [[nodiscard]] int used() const { return unused_too(); }
              template <class T> void unused(T value);
              virtual void overridden();
              int unused_too();
              int only_in_its_initialiser();
             private:
              int size_ = 0;
            };""")
        code = Source("x.cpp", """
            Thing::Thing() : size_(only_in_its_initialiser()) {}
            // unused(1)
            void Thing::unused(int value) {}
            int Thing::unused_too() { return used(); }""")
        self.assertEqual(list(uncalled([header, code])), ["unused"])
