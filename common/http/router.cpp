#include "common/http/router.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <stdexcept>

namespace polybot::http {
namespace {

constexpr std::size_t kSegmentsMax = 32;  // far more than any template of ours
constexpr std::size_t kQueryMax = 64;

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> split_template(std::string_view path_template) {
  if (path_template.empty() || path_template.front() != '/') {
    throw std::logic_error("a route template starts with \"/\": " + std::string(path_template));
  }
  std::vector<std::string> segments;
  std::string_view rest = path_template.substr(1);
  for (bool more = true; more;) {
    const std::size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    const std::string_view segment = rest.substr(0, slash);
    const bool braces = segment.find_first_of("{}") != std::string_view::npos;
    if (braces && !is_parameter(segment)) {
      throw std::logic_error("a parameter is a whole segment: " + std::string(path_template));
    }
    segments.emplace_back(segment);
    if (more) rest.remove_prefix(slash + 1);
  }
  return segments;
}

// Literals before parameters, place by place, so that the first match is the most specific one.
bool more_specific(const Router::Route& a, const Router::Route& b) {
  return std::lexicographical_compare(a.segments.begin(), a.segments.end(), b.segments.begin(),
                                      b.segments.end(),
                                      [](const std::string& x, const std::string& y) {
                                        return !is_parameter(x) && is_parameter(y);
                                      });
}

bool fits(const Router::Route& route, const std::vector<std::string>& segments) {
  if (route.segments.size() != segments.size()) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& expected = route.segments[i];
    const bool matches = is_parameter(expected) ? !segments[i].empty() : expected == segments[i];
    if (!matches) return false;
  }
  return true;
}

const Handler* handler_for(const Router::Route& route, Method method) {
  for (const auto& [known, handler] : route.handlers) {
    if (known == method) return &handler;
  }
  return method == Method::Head ? handler_for(route, Method::Get) : nullptr;
}

std::string allow_value(const Router::Route& route) {
  std::string allow;
  const auto append = [&](Method method) {
    allow.append(allow.empty() ? "" : ", ").append(to_string(method));
  };
  bool get = route.websocket.has_value();
  for (const auto& [method, handler] : route.handlers) {
    if (method == Method::Get) get = true;
    if (method != Method::Get && method != Method::Head && method != Method::Options)
      append(method);
  }
  if (get) {
    append(Method::Get);
    append(Method::Head);
  }
  append(Method::Options);
  return allow;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace

Router::Route& Router::route_for(std::string_view path_template) {
  for (const auto& route : routes_) {
    if (route->path_template == path_template) return *route;
  }
  auto route = std::make_unique<Route>();
  route->path_template = std::string(path_template);
  route->segments = split_template(path_template);
  const auto place = std::upper_bound(
      routes_.begin(), routes_.end(), route,
      [](const auto& added, const auto& known) { return more_specific(*added, *known); });
  return **routes_.insert(place, std::move(route));
}

void Router::add(Method method, std::string_view path_template, Handler handler) {
  Route& route = route_for(path_template);
  for (const auto& [known, registered] : route.handlers) {
    if (known == method) {
      throw std::logic_error("two handlers for " + std::string(to_string(method)) + " " +
                             route.path_template);
    }
  }
  route.handlers.emplace_back(method, std::move(handler));
  route.allow = allow_value(route);
}

void Router::get(std::string_view path_template, Handler handler) {
  add(Method::Get, path_template, std::move(handler));
}
void Router::post(std::string_view path_template, Handler handler) {
  add(Method::Post, path_template, std::move(handler));
}
void Router::del(std::string_view path_template, Handler handler) {
  add(Method::Delete, path_template, std::move(handler));
}

void Router::websocket(std::string_view path_template, WebSocketHandler handler,
                       WebSocketOptions options) {
  Route& route = route_for(path_template);
  if (route.websocket) {
    throw std::logic_error("two WebSocket handlers for " + route.path_template);
  }
  route.websocket = WebSocketRoute{std::move(handler), std::move(options)};
  route.allow = allow_value(route);
}

std::optional<Router::Target> Router::parse_target(std::string_view target) {
  const boost::core::string_view text(target.data(), target.size());
  auto parsed = boost::urls::parse_origin_form(text);
  if (!parsed) parsed = boost::urls::parse_absolute_uri(text);  // as a proxy would send it
  if (!parsed) return std::nullopt;
  const boost::urls::url_view view = *parsed;
  if (!view.is_path_absolute()) return std::nullopt;

  Target result;
  const auto segments = view.encoded_segments();
  if (segments.size() > kSegmentsMax) return std::nullopt;
  result.segments.reserve(std::max<std::size_t>(segments.size(), 1));
  for (const auto segment : segments) {
    std::string& decoded = result.segments.emplace_back();
    segment.decode({}, boost::urls::string_token::assign_to(decoded));
    if (has_nul(decoded)) return std::nullopt;
    result.path.append("/").append(decoded);
  }
  if (result.segments.empty()) {  // "/" itself
    result.segments.emplace_back();
    result.path = "/";
  }
  const auto params = view.encoded_params();
  if (view.has_query() && params.size() > kQueryMax) return std::nullopt;
  const boost::urls::encoding_opts plus_is_space(true);
  for (const auto param : params) {
    auto& [key, value] = result.query.emplace_back();
    param.key.decode(plus_is_space, boost::urls::string_token::assign_to(key));
    if (param.has_value)
      param.value.decode(plus_is_space, boost::urls::string_token::assign_to(value));
    if (has_nul(key) || has_nul(value)) return std::nullopt;
  }
  return result;
}

Router::Match Router::match(Method method, std::string_view target) const {
  std::optional<Target> parsed = parse_target(target);
  if (!parsed) return Refusal::BadTarget;
  for (const auto& route : routes_) {
    if (!fits(*route, parsed->segments)) continue;
    Found found;
    found.route = route.get();
    found.handler = handler_for(*route, method);
    for (std::size_t i = 0; i < route->segments.size(); ++i) {
      const std::string& name = route->segments[i];
      if (!is_parameter(name)) continue;
      found.params.emplace_back(name.substr(1, name.size() - 2), parsed->segments[i]);
    }
    found.target = *std::move(parsed);
    return found;
  }
  return Refusal::NotFound;
}

}  // namespace polybot::http
