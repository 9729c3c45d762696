#include "nodes/runtime/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sett::runtime {
namespace json = boost::json;

std::vector<degradation> degradations(const node_status& s) {
  std::vector<degradation> out;
  const auto add = [&](std::string what, std::string why) { out.push_back({std::move(what), std::move(why)}); };
  if (s.endpoints == 0)
    add("endpoints",
        "none is configured: nothing is read; add an [[endpoint]] or set SETT_ENDPOINT_<NAME>_HTTP and _WS");
  if (s.endpoints != 0 && s.streams.empty()) add("streams", "none has been opened yet");
  for (const auto& stream : s.streams) {
    if (!stream.live) add("stream " + stream.name, stream.reason.empty() ? "not live" : stream.reason);
    if (stream.incomplete_slots != 0)
      add("stream " + stream.name,
          fmt::format("{} slots are missing for good: figures from that time are not whole", stream.incomplete_slots));
    if (stream.backfilling != 0)
      add("stream " + stream.name, fmt::format("{} missed slots are being fetched", stream.backfilling));
  }
  if (!s.router) add("tokens", "the event router does not answer");
  if (s.router && s.router->given_up != 0)
    add("tokens", fmt::format("{} tokens or wallets crashed too often and are parked: `sett actor ls --state failed`",
                              s.router->given_up));
  if (s.router && s.router->shed != 0)
    add("tokens", fmt::format("{} events were shed because tokens.live_max was reached", s.router->shed));
  if (s.actors_failed != 0) add("actors", fmt::format("{} have failed: `sett actor ls`", s.actors_failed));
  if (!s.store_fault.empty()) add("store", "takes no more writes: " + s.store_fault);
  if (s.cluster) {
    const auto& c = *s.cluster;
    if (!c.alone && !c.store_reachable)
      add("cluster", "the consensus store does not answer: what is led stays so, nothing can be taken over or moved");
    else if (!c.registered)
      add("cluster", "this node is not registered: its lease is gone, it registers again");
    if (c.nodes_down != 0) add("nodes", fmt::format("{} of {} are down: `sett node ls`", c.nodes_down, c.nodes));
    if (c.without_leader != 0)
      add("shards", fmt::format("{} of {} have no leader: their entities take no commands; `sett shard ls`",
                                c.without_leader, c.shards));
    if (c.below_min_isr != 0)
      add("shards",
          fmt::format("{} of {} have too few in-sync replicas to commit anything", c.below_min_isr, c.shards));
    if (c.data_loss != 0)
      add("shards", fmt::format("{} lost entries in a recovery that was accepted by hand", c.data_loss));
  }
  if (s.log_shed != 0) add("log", fmt::format("{} log records were lost: is the disk full or slow?", s.log_shed));
  return out;
}

bool ready(const node_status& s) {
  return s.router.has_value() && (s.endpoints == 0 || std::any_of(s.streams.begin(), s.streams.end(),
                                                                  [](const auto& stream) { return stream.live; }));
}

json::object view(const node_status& s) {
  json::array degraded, streams;
  for (const auto& d : degradations(s)) degraded.push_back(json::object{{"what", d.what}, {"why", d.why}});
  std::uint64_t behind = 0;
  std::uint64_t transactions = 0;
  bool complete = !s.streams.empty();
  for (const auto& stream : s.streams) {
    const bool whole = stream.live && stream.incomplete_slots == 0 && stream.backfilling == 0;
    complete = complete && whole;
    transactions += stream.transactions;
    behind = std::max(behind, stream.slots_behind);
    streams.push_back(json::object{{"stream", stream.name},
                                   {"state", stream.live ? "live" : "not live"},
                                   {"complete", whole},
                                   {"complete_from", stream.complete_from.value},
                                   {"complete_to", stream.complete_to.value},
                                   {"incomplete_slots", stream.incomplete_slots},
                                   {"backfilling", stream.backfilling},
                                   {"slots_behind", stream.slots_behind},
                                   {"reason", stream.reason}});
  }
  json::object out{{"mode", s.environment},
                   {"node", s.node},
                   {"version", s.version},
                   {"pid", s.pid},
                   {"uptime_s", s.uptime_s},
                   {"http_port", s.http_port},
                   {"ready", ready(s)},
                   {"cluster_checksum", s.cluster_checksum},
                   {"complete", complete},
                   {"slots_behind", behind},
                   {"streams", std::move(streams)},
                   {"events_per_s", s.events_per_s},
                   {"transactions", transactions},
                   {"actors", s.actors},
                   {"actor_restarts", s.actor_restarts},
                   {"degraded", std::move(degraded)}};
  if (s.cluster)
    out["cluster"] = json::object{{"id", s.cluster->id},
                                  {"alone", s.cluster->alone},
                                  {"registered", s.cluster->registered},
                                  {"store_reachable", s.cluster->store_reachable},
                                  {"nodes", s.cluster->nodes},
                                  {"nodes_down", s.cluster->nodes_down},
                                  {"shards", s.cluster->shards},
                                  {"shards_without_leader", s.cluster->without_leader},
                                  {"shards_under_replicated", s.cluster->under_replicated},
                                  {"shards_below_min_isr", s.cluster->below_min_isr},
                                  {"shards_with_data_loss", s.cluster->data_loss}};
  if (s.router) {
    const auto& r = *s.router;
    out["newest_slot"] = r.newest.value;
    out["rooted_slot"] = r.rooted.value;
    out["sealed_slot"] = r.sealed.value;
    out["updates"] = r.updates;
    out["events"] = r.events;
    out["swaps"] = r.token_swaps;
    out["trades"] = r.token_trades;
    out["tokens_live"] = r.tokens_live;
    out["tokens_passivated"] = r.tokens_passivated;
    out["wallets_live"] = r.wallets_live;
    out["wallets_tracked"] = r.wallets_tracked;
    out["undone_slots"] = r.undone_slots;
    out["entities_unsaved"] = r.dirty;
  }
  return out;
}

} // namespace sett::runtime
