#include "tools/simnet/playback.hpp"

#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/rpc_handlers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <variant>

namespace sett::simnet {

namespace json = boost::json;

namespace {

constexpr std::string_view area = "simnet-playback";

std::string text_member(const json::object& object, std::string_view key) {
  const auto* v = object.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string().data(), v->get_string().size()) : std::string();
}
std::string json_member(const json::object& object, std::string_view key) {
  const auto* v = object.if_contains(key);
  return v == nullptr ? std::string() : json::serialize(*v);
}

/// Where the value of the top-level member "id" stands: its begin and end; nothing when there is none.
std::optional<std::pair<std::size_t, std::size_t>> id_place(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const auto begin = i;
    for (++i; i < text.size() && text[i] != '"'; ++i)
      if (text[i] == '\\') ++i;
    if (depth != 1 || text.substr(begin, i + 1 - begin) != "\"id\"") continue;
    auto at = text.find_first_not_of(" \t\r\n", i + 1);
    if (at == std::string_view::npos || text[at] != ':') continue; // a value, not a key
    at = text.find_first_not_of(" \t\r\n", at + 1);
    if (at == std::string_view::npos) return std::nullopt;
    auto end = at;
    if (text[at] == '"') {
      for (++end; end < text.size() && text[end] != '"'; ++end)
        if (text[end] == '\\') ++end;
      ++end;
    } else {
      end = text.find_first_of(",} \t\r\n", at);
    }
    if (end == std::string_view::npos || end > text.size()) return std::nullopt;
    return std::pair{at, end};
  }
  return std::nullopt;
}

/// Collects what the frames say, connection by connection.
struct collector {
  playback out;
  struct asked {
    std::string method, params_json;
  };
  std::map<std::pair<std::uint32_t, std::string>, asked> open; // by connection and request id
  std::map<std::uint64_t, chain_block> blocks;

  void add_block(std::string_view text, std::optional<std::uint64_t> slot) {
    auto block = parse_block(text, slot ? std::optional(slot_number{*slot}) : std::nullopt);
    if (block)
      blocks.try_emplace(block->slot.value, std::move(*block)); // what is no full block is only played as a frame
  }

  void sent(const recording::frame& f) {
    boost::system::error_code ec;
    const auto value = json::parse(f.payload, ec);
    if (ec || !value.is_object()) return;
    const auto& object = value.get_object();
    open[{f.connection, json_member(object, "id")}] = {text_member(object, "method"), json_member(object, "params")};
  }

  void remember(const std::string& text, const asked& question, bool is_result) {
    auto& known = out.answers[{question.method, question.params_json}];
    const auto id = id_place(text);
    if (!id || (known.is_result && !is_result)) return;
    known = {text.substr(0, id->first), text.substr(id->first, id->second - id->first), text.substr(id->second),
             is_result};
  }

  void received(const recording::frame& f) {
    boost::system::error_code ec;
    const auto value = json::parse(f.payload, ec);
    if (ec || !value.is_object()) return;
    const auto& object = value.get_object();
    const auto method = text_member(object, "method");
    if (!method.empty()) {
      const auto* params = object.if_contains("params");
      if (f.channel != recording::channel::ws || params == nullptr || !params->is_object()) return;
      out.notifications.push_back(
          {f.at_ns, f.connection, json_member(params->get_object(), "subscription"), f.payload});
      if (method == "blockNotification") {
        const auto* block = value.find_pointer("/params/result/value/block", ec);
        const auto* slot = value.find_pointer("/params/result/value/slot", ec);
        if (block != nullptr && slot != nullptr && block->is_object() && slot->is_number())
          add_block(json::serialize(*block), slot->to_number<std::uint64_t>());
      }
      return;
    }
    const auto request = open.find({f.connection, json_member(object, "id")});
    if (request == open.end()) return;
    if (f.channel == recording::channel::http) remember(f.payload, request->second, object.contains("result"));
    if (!object.contains("result")) return;
    if (request->second.method == "getBlock") {
      const auto params = json::parse(request->second.params_json, ec);
      if (!ec && params.is_array() && !params.get_array().empty() && params.get_array()[0].is_number())
        add_block(f.payload, params.get_array()[0].to_number<std::uint64_t>());
    } else if (request->second.method.ends_with("Subscribe")) {
      out.subscriptions.push_back(
          {f.connection, request->second.method, request->second.params_json, json_member(object, "result")});
    }
    open.erase(request);
  }
};

} // namespace

result<playback> read_playback(std::string_view text) {
  collector c;
  std::size_t number = 0;
  std::uint64_t frames = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    const auto decoded = recording::decode(line);
    if (!decoded) {
      if (text.empty()) break; // the last line of a recording that was cut short
      return fail(area, playback_errc::bad_recording, fmt::format("line {}: {}", number, decoded.error().message));
    }
    if (const auto* h = std::get_if<recording::header>(&*decoded)) {
      c.out.source = h->source;
    } else if (const auto* e = std::get_if<recording::end_mark>(&*decoded)) {
      c.out.complete = e->frames == frames;
    } else {
      const auto& f = std::get<recording::frame>(*decoded);
      ++frames;
      if (f.channel == recording::channel::grpc) {
        if (f.direction == recording::direction::received)
          c.out.updates.push_back({f.at_ns, f.connection, {}, f.payload});
      } else if (f.direction == recording::direction::sent) {
        c.sent(f);
      } else {
        c.received(f);
      }
    }
  }
  for (auto& [slot, block] : c.blocks) c.out.blocks.push_back(std::move(block));
  return std::move(c.out);
}

std::optional<std::string> recorded_answer(const playback& recording, std::string_view request) {
  if (recording.answers.empty()) return std::nullopt;
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(request.data(), request.size()), ec);
  if (ec) return std::nullopt;
  const auto one = [&](const json::value& v) -> std::optional<std::string> {
    if (!v.is_object()) return std::nullopt;
    const auto& object = v.get_object();
    const auto found = recording.answers.find({text_member(object, "method"), json_member(object, "params")});
    if (found == recording.answers.end() || found->second.id_json.empty() || !object.contains("id"))
      return std::nullopt;
    return found->second.before_id + json_member(object, "id") + found->second.behind_id;
  };
  if (!value.is_array()) return one(value);
  std::string all = "[";
  for (const auto& v : value.get_array()) {
    const auto answer = one(v);
    if (!answer) return std::nullopt;
    if (all.size() > 1) all += ',';
    all += *answer;
  }
  return all + "]";
}

std::string playback_session::request(std::string_view text) {
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec || !value.is_object()) return error_answer("null", rpc_code::parse_error, "Parse error");
  const auto& object = value.get_object();
  const auto id = json_member(object, "id");
  const auto method = text_member(object, "method");
  const auto params = json_member(object, "params");
  if (method.ends_with("Unsubscribe")) return fmt::format("{{\"jsonrpc\":\"2.0\",\"result\":true,\"id\":{}}}", id);
  const auto& all = recording_->subscriptions;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].method != method || used_.contains(i)) continue;
    if (!found || (all[i].params_json == params && all[*found].params_json != params)) found = i;
  }
  if (!found)
    return error_answer(id, rpc_code::method_not_found, fmt::format("the recording has no (further) {}", method));
  used_.insert(*found);
  wanted_.emplace(all[*found].connection, all[*found].id_json);
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":{}}}", all[*found].id_json, id);
}

const playback::notification* playback_session::next() {
  while (at_ < recording_->notifications.size()) {
    const auto& n = recording_->notifications[at_++];
    if (wanted_.contains({n.connection, n.id_json})) return &n;
  }
  return nullptr;
}

} // namespace sett::simnet
