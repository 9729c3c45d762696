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
    if (request == open.end() || !object.contains("result")) return;
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
