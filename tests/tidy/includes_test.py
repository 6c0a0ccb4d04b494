"""Which folder may include what. System headers are always reachable, so the link graph alone does not show it.
docs/ARCHITECTURE.md has a sentence for each row."""

import re
import unittest

from tests.tidy.sources import PRODUCT, sources

ANY = ("boost/", "nng/", "google/", "prometheus/", "spdlog/", "fmt/", "sqlite3", "openssl/", "secp256k1", "cryptopp/",
       "toml++/", "CLI/", "zstd", "zlib")
CATALOGUE = ("common/metrics/catalogue", "common/metrics/snapshot.hpp")

# (a pattern of paths, project headers, headers of others): the first row that matches a source counts. The standard
# library is open to all.
TABLE = (
    ("common/domain/.*", ("common/domain/",), ()),
    (r"common/metrics/(catalogue|snapshot)\.[hc]pp", (*CATALOGUE, "common/domain/enumeration.hpp"), ()),
    ("common/metrics/catalogue.*", ("common/metrics/catalogue",), ()),
    ("services/metrics-aggregator/core/.*", ("common/domain/", *CATALOGUE, "services/metrics-aggregator/core/"), ()),
    ("services/gateway/core/.*", ("common/domain/", "services/gateway/core/"), ()),
    ("services/strategy-runner/core/.*", ("common/domain/", "services/strategy-runner/core/"), ()),
    ("services/order-manager/core/.*", ("common/domain/", "services/order-manager/core/"), ()),
    (r"services/venue-simulator/core/archive\.hpp", ("common/domain/",), ("boost/pfr/",)),  # members, while compiling
    ("services/venue-simulator/core/.*", ("common/domain/", "services/venue-simulator/core/"), ()),
    ("common/wire/.*", ("common/wire/", "common/domain/", *CATALOGUE, "polybot/v1/"), ("google/",)),
    ("common/follow/.*", ("common/follow/", "common/wire/", "common/domain/"), ()),
    ("common/feeds/.*", ("common/feeds/", "common/follow/", "common/bus/", "common/runtime/", "common/wire/",
                         "common/domain/"), ("boost/asio",)),
    ("common/secrets/.*", ("common/secrets/",), ()),
    ("common/http/.*", ("common/http/",), ("boost/", "openssl/", "zlib")),
    ("common/bus/.*", ("common/bus/", "polybot/v1/frame.pb.h"), ("nng/", "boost/")),
    ("common/metrics/.*", ("common/metrics/", "common/wire/", "common/bus/", "common/domain/"),
     ("prometheus/", "boost/asio")),
    ("common/runtime/.*", ("common/runtime/", "common/http/", "common/bus/", "common/metrics/", "common/secrets/",
                           "common/domain/", "common/wire/topics.hpp"), ANY),
    ("common/polymarket/.*", ("common/polymarket/", "common/secrets/", "common/domain/"),
     ("boost/json", "boost/system/", "openssl/", "secp256k1", "cryptopp/")),
    ("common/recording/.*", ("common/recording/", "common/polymarket/", "common/runtime/", "common/domain/"),
     ("boost/json", "zstd")),
    ("services/gateway/.*", ("common/", "services/gateway/"), ANY),
    ("services/strategy-runner/.*", ("common/", "services/strategy-runner/"), ANY),
    ("services/order-manager/.*", ("common/", "services/order-manager/"), ANY),
    ("services/metrics-aggregator/.*", ("common/", "services/metrics-aggregator/"), ANY),
    ("services/venue-simulator/.*", ("common/", "services/venue-simulator/"), ANY),
    ("deploy/launcher/.*", ("common/", "deploy/launcher/"), ANY),
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
_POSIX = ("sys/", "netinet/", "arpa/")
_FLAT = ("sqlite3", "secp256k1", "zstd", "zlib", "nng", "simdjson")  # headers of others that lie in no folder


def row_of(path):
    return next(row for row in TABLE if re.fullmatch(row[0], path))


def is_standard(header):
    return header.startswith(_POSIX) if "/" in header else not header.startswith(_FLAT)


class Includes(unittest.TestCase):
    def test_every_folder_includes_only_what_the_table_allows(self):
        offences = []
        for source in sources(*PRODUCT):
            _, project, others = row_of(source.path)
            for number, line in enumerate(source.lines, 1):
                include = _INCLUDE.match(line)
                if include and not is_standard(include[1]) and not include[1].startswith(project + others):
                    offences.append(f"{source.path}:{number} includes {include[1]}")
        self.assertEqual(offences, [])
