#include "config/resolve.hpp"

#include "config/trading_declarations.hpp"
#include "messages/types/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace sett::config {
namespace {

constexpr std::string_view default_source = "default";

std::string shown_raw(const raw_value& raw) {
  struct visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return std::to_string(i); }
    std::string operator()(const std::string& s) const { return fmt::format("\"{}\"", s); }
    std::string operator()(const other_value& o) const { return o.type; }
    std::string operator()(const untyped_text& t) const { return fmt::format("\"{}\"", t.text); }
  };
  auto out = std::visit(visitor{}, raw);
  if (out.size() > 80) out = out.substr(0, 77) + "...";
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// The typed value, or nothing when it has the wrong type.
std::optional<setting_value> typed(const declaration& d, const raw_value& raw) {
  const auto* untyped = std::get_if<untyped_text>(&raw);
  switch (d.kind) {
  case value_kind::flag:
    if (const auto* b = std::get_if<bool>(&raw)) return *b;
    if (untyped != nullptr && (untyped->text == "true" || untyped->text == "false")) return untyped->text == "true";
    return std::nullopt;
  case value_kind::integer:
    if (const auto* i = std::get_if<std::int64_t>(&raw)) return *i;
    if (untyped != nullptr)
      if (const auto n = whole_number(untyped->text)) return *n;
    return std::nullopt;
  case value_kind::text:
  case value_kind::secret:
    if (const auto* s = std::get_if<std::string>(&raw)) return *s;
    if (untyped != nullptr) return untyped->text;
    return std::nullopt;
  }
  return std::nullopt;
}

/// Whether the value is within the declaration's bounds.
bool within(const declaration& d, const setting_value& v) {
  if (const auto* i = std::get_if<std::int64_t>(&v)) return *i >= d.min && *i <= d.max;
  if (const auto* s = std::get_if<std::string>(&v)) {
    if (!d.choices.empty()) return std::find(d.choices.begin(), d.choices.end(), *s) != d.choices.end();
    return d.check == nullptr || d.check(*s) == nullptr;
  }
  return true;
}

std::string shown(const declaration& d, const setting_value& v) {
  if (d.kind == value_kind::secret) return std::get<std::string>(v).empty() ? "(not set)" : "(secret, set)";
  struct visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return std::to_string(i); }
    std::string operator()(const std::string& s) const { return s; }
  };
  return std::visit(visitor{}, v);
}

struct held {
  std::string key; // the concrete one
  setting_value value;
  place from;
};

/// All values that hold.
class stack {
public:
  explicit stack(resolution& out) : out_(out) {
    for (const auto& d : declarations())
      if (d.key.find(".*.") == std::string_view::npos) hold_default(d, {}, {std::string(default_source)});
  }

  void put(const layer& l) {
    out_.faults.insert(out_.faults.end(), l.faults.begin(), l.faults.end());
    for (const auto& item : l.items) add_item(item, {l.name});
    for (const auto& a : l.assignments) put(a);
  }

  void finish() {
    for (const auto& [where, h] : values_) {
      const auto& [d, item] = where;
      d->store(out_.value, item, h.value);
      out_.effective.push_back({h.key, shown(*d, h.value), h.from, d});
    }
  }

  [[nodiscard]] place from(const std::string& key) const {
    std::string item;
    const auto* d = find_declaration(key, &item);
    const auto it = values_.find({d, item});
    return it == values_.end() ? place{std::string(default_source)} : it->second.from;
  }

private:
  void hold_default(const declaration& d, const std::string& item, const place& from) {
    const auto value = typed(d, untyped_text{std::string(d.default_text)});
    SETT_ASSERT(value.has_value());
    std::string key(d.key);
    if (const auto star = key.find('*'); star != std::string::npos) key.replace(star, 1, item);
    values_.insert_or_assign({&d, item}, held{std::move(key), *value, from});
  }

  void add_item(const std::string& item, const place& from) {
    if (std::find(items_.begin(), items_.end(), item) != items_.end()) return;
    items_.push_back(item);
    const auto dot = item.find('.');
    for (const auto& d : declarations())
      if (d.key.starts_with(item.substr(0, dot) + ".*.")) hold_default(d, item.substr(dot + 1), from);
  }

  void put(const assignment& a) {
    std::string item;
    const auto* d = find_declaration(a.key, &item);
    if (d == nullptr || a.key.find(".*.") != std::string::npos) {
      const auto similar = did_you_mean(a.key);
      out_.faults.push_back(
          {a.where, a.key, "an unknown setting",
           similar.empty() ? "`sett config show` lists all" : fmt::format("did you mean {}?", similar)});
      return;
    }
    const auto value = typed(*d, a.value);
    if (!value || !within(*d, *value)) {
      const auto found = d->kind == value_kind::secret ? std::string("a value that is not shown") : shown_raw(a.value);
      out_.faults.push_back({a.where, a.key, found, "allowed: " + allowed_text(*d)});
      return;
    }
    values_.insert_or_assign({d, item}, held{a.key, *value, a.where});
  }

  resolution& out_;
  std::map<std::pair<const declaration*, std::string>, held> values_; // in the order of declarations(), then by item
  std::vector<std::string> items_;
};

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" ||
         (address.starts_with("127.") && address.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// Rules between settings.
void check_together(resolution& r, const stack& values) {
  const auto& s = r.value;
  const auto fail = [&](const std::string& key, std::string found, std::string allowed) {
    r.faults.push_back({values.from(key), key, std::move(found), std::move(allowed)});
  };
  if (!s.api.remote_allowed && !is_loopback(s.api.address))
    fail("api.address", fmt::format("\"{}\"", s.api.address),
         "allowed: a loopback address (127.0.0.1, ::1), or set api.remote_allowed = true and put authentication before "
         "it");
  if (s.socket_path().size() > 107)
    fail(s.api.socket.empty() ? "node.data_dir" : "api.socket",
         fmt::format("a socket path of {} bytes", s.socket_path().size()),
         "allowed: at most 107 bytes; set a shorter api.socket");
  if (s.cluster.min_isr > s.cluster.replicas)
    fail("cluster.min_isr", std::to_string(s.cluster.min_isr),
         fmt::format("allowed: at most cluster.replicas, which is {}", s.cluster.replicas));
  if (s.cluster.suspect_ms < 3 * s.cluster.beat_ms)
    fail("cluster.suspect_ms", std::to_string(s.cluster.suspect_ms),
         fmt::format("allowed: at least three times cluster.beat_ms, which is {}", s.cluster.beat_ms));
  for (const auto& e : s.endpoints) {
    const auto prefix = "endpoint." + e.name;
    if (e.http.empty() && e.ws.empty() && e.grpc.empty())
      fail(prefix + ".http", "no address", "set at least one of http, ws and grpc");
    else if (e.http.empty() && e.plan != "none")
      fail(prefix + ".http", "a stream without http", "set http too: what the stream missed is fetched there");
    if (e.plan == "grpc" && e.grpc.empty())
      fail(prefix + ".plan", "\"grpc\" without an address", "set " + prefix + ".grpc");
    if ((e.plan == "transactions" || e.plan == "blocks" || e.plan == "slots" || e.plan == "logs") && e.ws.empty())
      fail(prefix + ".plan", fmt::format("\"{}\" without a WebSocket", e.plan), "set " + prefix + ".ws");
  }
  for (auto it = s.tracked.begin(); it != s.tracked.end(); ++it) {
    const auto key = "wallet." + it->name + ".address";
    if (it->address.empty())
      fail(key, "no address", "set the wallet's base58 address");
    else if (std::any_of(s.tracked.begin(), it, [&](const auto& w) { return w.address == it->address; }))
      fail(key, "an address that another [[wallet]] has", "track each wallet once");
  }
  for (const auto& c : trading_conflicts(s)) fail(c.key, c.found, c.allowed);
  if (s.tracked.size() > s.wallets.tracked_max)
    fail("wallets.tracked_max", std::to_string(s.wallets.tracked_max),
         fmt::format("allowed: at least the {} [[wallet]] given", s.tracked.size()));
}

std::string wrapped(std::string_view text, std::string_view prefix, std::size_t width) {
  std::string out, line(prefix);
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
    if (line.size() > prefix.size() && line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = prefix;
    }
    if (line.size() > prefix.size()) line += ' ';
    line += word;
  }
  return out + line + "\n";
}

std::string toml_value(const declaration& d, std::string_view text) {
  return d.kind == value_kind::flag || d.kind == value_kind::integer ? std::string(text) : fmt::format("\"{}\"", text);
}

/// By source in the order they first appear, then by line; the rest keeps its order.
void sort_by_place(std::vector<fault>& faults) {
  std::map<std::string, std::size_t> first_of;
  std::map<std::tuple<std::size_t, std::uint32_t, std::size_t>, fault> sorted;
  for (auto& f : faults) {
    const auto source = first_of.try_emplace(f.where.source, first_of.size()).first->second;
    sorted.try_emplace({source, f.where.line, sorted.size()}, std::move(f));
  }
  faults.clear();
  for (auto& [_, f] : sorted) faults.push_back(std::move(f));
}

} // namespace

std::optional<setting_value> parse_value(const declaration& d, std::string_view text) {
  auto value = typed(d, untyped_text{std::string(text)});
  if (value && !within(d, *value)) value.reset();
  return value;
}

std::string value_text(const declaration& d, const setting_value& value) { return shown(d, value); }

resolution resolve(std::span<const layer> layers) {
  resolution out;
  stack values(out);
  for (const auto& l : layers) values.put(l);
  values.finish();
  check_together(out, values);
  sort_by_place(out.faults);
  return out;
}

std::string cluster_checksum(const resolution& r) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  const auto add = [&h](std::string_view s) {
    for (char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    h = (h ^ 0xff) * 0x100000001b3ULL; // an end mark that no text contains
  };
  for (const auto& e : r.effective)
    if (e.declared->scope == setting_scope::cluster) add(e.key), add(e.shown);
  return fmt::format("{:016x}", h);
}

std::string explain(const declaration& d) {
  static constexpr std::string_view kinds[] = {"true or false", "whole number", "text", "text, secret: shown nowhere"};
  std::string out = fmt::format("{}\n\n", d.key) + wrapped(d.paragraph, "  ", 100) + "\n";
  out += fmt::format("  type      {}\n", kinds[static_cast<int>(d.kind)]);
  out += fmt::format("  allowed   {}\n", allowed_text(d));
  out += fmt::format("  default   {}\n", d.default_text.empty() ? "(empty)" : toml_value(d, d.default_text));
  out += fmt::format("  example   {}\n", toml_value(d, d.example));
  out += fmt::format(
      "  variable  {}\n", d.key.find('*') == std::string_view::npos ? environment_name(d.key) : [&] {
        auto name = environment_name(d.key);
        return name.replace(name.find('*'), 1, "<NAME>");
      }());
  out += fmt::format("  changes   {}\n", change_text(d.change));
  out += fmt::format("  holds for {}\n",
                     d.scope == setting_scope::cluster ? "the whole cluster: all nodes must agree" : "this node");
  return out;
}

std::string render_defaults() {
  std::string out = "# Every setting with its default. This file is made from the declarations (`sett config "
                    "defaults`), built into the programs and\n"
                    "# read first; write your own changes into a file given with --config, SETT_<AREA>_<KEY> variables "
                    "or --set KEY=VALUE.\n"
                    "# `sett config explain KEY` tells more about each.\n";
  std::string_view area;
  for (const auto& d : declarations()) {
    const auto dot = d.key.find('.');
    const auto here = d.key.substr(0, dot);
    const bool item = d.key.substr(dot).starts_with(".*.");
    if (here != area) {
      area = here;
      out += item ? fmt::format("\n# One table for each {0}; none by default.\n# [[{0}]]\n# name = \"main\"\n", area)
                  : fmt::format("\n[{}]\n", area);
    }
    out += wrapped(d.paragraph, "# ", 120);
    out += fmt::format("# Allowed: {}.{}{}\n", allowed_text(d),
                       d.change == setting_change::live   ? " Changes at once."
                       : d.change == setting_change::desk ? " No node uses it yet."
                                                          : "",
                       d.scope == setting_scope::cluster ? " The whole cluster must agree." : "");
    const auto key = d.key.substr(item ? dot + 3 : dot + 1);
    const bool has_default = !item || !d.default_text.empty();
    out += fmt::format("{}{} = {}\n", item ? "# " : "", key, toml_value(d, has_default ? d.default_text : d.example));
  }
  return out;
}

} // namespace sett::config
