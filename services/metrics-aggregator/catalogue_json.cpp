#include "services/metrics-aggregator/catalogue_json.hpp"

#include "common/http/message.hpp"
#include "common/metrics/catalogue.hpp"
#include "common/metrics/text_format.hpp"

namespace polybot::metrics_aggregator {

namespace {

void append_text(std::string& out, std::string_view key, std::string_view value) {
  out.append("\"").append(key).append("\":");
  http::append_json_string(out, value);
  out.push_back(',');
}

// Ends a list or object whose members were each followed by a comma.
void end(std::string& out, char bracket) {
  if (out.back() == ',') out.pop_back();
  out.push_back(bracket);
}

// `"buy|sell"` as `["buy","sell"]`; a set that configuration decides is null.
void append_values(std::string& out, std::string_view values) {
  if (values.empty()) {
    out.append("null");
    return;
  }
  out.push_back('[');
  while (true) {
    const std::size_t bar = values.find('|');
    http::append_json_string(out, values.substr(0, bar));
    out.push_back(',');
    if (bar == std::string_view::npos) break;
    values.remove_prefix(bar + 1);
  }
  end(out, ']');
}

std::string proof_of(const metrics::Family& family) {
  std::string text(domain::name_of(family.proof.kind));
  if (!family.proof.fault.empty()) text.append(":").append(family.proof.fault);
  return text;
}

void append_family(std::string& out, const metrics::Family& family) {
  out.push_back('{');
  append_text(out, "name", family.name);
  append_text(out, "type", domain::name_of(family.type));
  append_text(out, "policy", domain::name_of(family.policy));
  out.append("\"sticky\":").append(family.sticky ? "true" : "false").append(",\"labels\":{");
  for (const metrics::Label& label : family.labels) {
    http::append_json_string(out, label.name);
    out.push_back(':');
    append_values(out, label.values);
    out.push_back(',');
  }
  end(out, '}');
  out.append(",\"owners\":[");
  for (const metrics::Service& service : metrics::kServices) {
    if ((family.owners & service.bit) == 0) continue;
    http::append_json_string(out, service.name);
    out.push_back(',');
  }
  end(out, ']');
  out.push_back(',');
  append_text(out, "proof", proof_of(family));
  append_text(out, "help", family.help);
  out.append("\"bounds\":[");
  for (const double bound : family.bounds) {
    metrics::append_number(out, bound);
    out.push_back(',');
  }
  end(out, ']');
  // Text, because JSON readers lose digits of a 64-bit number.
  out.append(",\"fingerprint\":\"")
      .append(std::to_string(metrics::fingerprint(family)))
      .append("\"}");
}

}  // namespace

std::string catalogue_json() {
  std::string out = "{\"families\":[\n";
  for (const metrics::Family& family : metrics::families()) {
    append_family(out, family);
    out.append(&family == &metrics::families().back() ? "\n" : ",\n");
  }
  return out.append("]}\n");
}

}  // namespace polybot::metrics_aggregator
