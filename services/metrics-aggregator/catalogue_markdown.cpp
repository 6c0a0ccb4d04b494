#include "services/metrics-aggregator/catalogue_markdown.hpp"

#include <string_view>

#include "common/metrics/catalogue.hpp"

namespace polybot::metrics_aggregator {

namespace {

// A vertical bar would end the cell, so it is escaped.
void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '|') out.push_back('\\');
    out.push_back(c);
  }
}

void append_labels(std::string& out, const metrics::Family& family) {
  if (family.labels.empty()) out.append("–");
  for (const metrics::Label& label : family.labels) {
    if (&label != family.labels.begin()) out.append(", ");
    out.append("`").append(label.name).append("`");
  }
}

void append_owners(std::string& out, const metrics::Family& family) {
  if (family.owners == metrics::kEveryService) {
    out.append("every service");
    return;
  }
  std::string_view separator;
  for (const metrics::Service& service : metrics::kServices) {
    if ((family.owners & service.bit) == 0) continue;
    out.append(separator).append(service.name);
    separator = ", ";
  }
}

void append_row(std::string& out, const metrics::Family& family) {
  out.append("| `").append(family.name).append("` | ");
  out.append(domain::name_of(family.type)).append(" | ");
  append_labels(out, family);
  out.append(" | ");
  append_owners(out, family);
  out.append(" | ").append(domain::name_of(family.policy));
  out.append(family.sticky ? ", sticky" : "").append(" | ");
  out.append(domain::name_of(family.proof.kind));
  if (!family.proof.fault.empty()) out.append(": ").append(family.proof.fault);
  out.append(" | ");
  append_text(out, family.help);
  out.append(" |\n");
}

}  // namespace

std::string catalogue_markdown() {
  std::string out =
      "| family | type | labels | owner | merge | proof | meaning |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const metrics::Family& family : metrics::families()) append_row(out, family);
  return out;
}

}  // namespace polybot::metrics_aggregator
