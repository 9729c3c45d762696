// What the node tells about its actors and what may be asked of them: `sett actor ls|show|restart`. Plain structs; the
// registry (actors/supervision/registry.hpp) answers ls and show from any thread without disturbing an actor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::protocol {

enum class actor_state : std::uint8_t { starting, running, restarting, passivated, stopping, stopped, failed };
[[nodiscard]] constexpr std::string_view to_text(actor_state s) {
  constexpr std::string_view names[] = {"starting", "running", "restarting", "passivated",
                                        "stopping", "stopped", "failed"};
  return names[static_cast<std::size_t>(s)];
}

/// A message that killed its actor; parked: it did so twice and is skipped from then on.
struct actor_crash {
  std::string what; // the message
  std::string error;
  std::uint32_t times{};
  bool parked{};
};

struct actor_info {
  std::string path; // "/node/tokens/<mint>"
  actor_state state{actor_state::starting};
  std::uint32_t depth{}, bound{};
  std::int64_t head_age_us{}; // lower bound of the age of the oldest waiting message
  std::uint64_t handled{};
  std::uint32_t refused{}, dead_letters{}, restarts{}, skipped_poison{};
  double handling_us_p50{}, handling_us_p99{};
  std::vector<actor_crash> crashes; // only in show
};

enum class actor_sort : std::uint8_t { path, depth, head_age, restarts, handled };
struct actor_list_request {
  std::string prefix; // of the path; empty: all
  actor_sort sort{actor_sort::path};
  std::size_t limit{100};
};
struct actor_list {
  std::vector<actor_info> rows;
  std::size_t total{}; // that match, before the limit
};

/// Sums over one directory of the tree, for metrics.
struct actor_totals {
  std::string directory;
  std::uint64_t actors{}, depth{}, handled{}, refused{}, dead_letters{}, restarts{}, skipped_poison{};
  std::uint32_t depth_max{};
  std::int64_t head_age_us_max{};
};

} // namespace sett::protocol
