// All supervised actors of a node by path: "/node/tokens/<mint>". Pull-based: an actor costs one hash node here and
// nothing until somebody asks. A path is a directory ("/node/tokens") and a name; names are raw key bytes where the
// directory says how to show and read them (a mint is 32 bytes here and base58 only on a screen).
//
// Thread-safe; one mutex per directory, held for a copy of pointers while listing, never while an actor works.
#pragma once

#include "actors/supervision/actor_cell.hpp"
#include "messages/protocol/actor_admin.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::supervision {

/// How a directory's names look to people; both empty: names are text.
struct name_format {
  std::function<std::string(std::string_view name)> show;
  std::function<std::optional<std::string>(std::string_view text)> read;
};

class registry {
public:
  registry();
  ~registry();
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  /// The directory of this path, made when it is new; `path` starts with '/' and does not end with it.
  directory_id directory(std::string_view path, name_format format = {});
  [[nodiscard]] std::string path(directory_id id) const;

  /// The cell of (directory, name): the one that is there already, or a new one with this mailbox bound.
  cell_ptr add(directory_id id, std::string_view name, std::uint32_t bound);
  /// The place is given up (an actor that will not come back under this name).
  void remove(const cell_ptr& cell);

  [[nodiscard]] cell_ptr find(std::string_view path) const;
  [[nodiscard]] std::optional<protocol::actor_info> show(std::string_view path, std::int64_t now_ns) const;
  [[nodiscard]] protocol::actor_list list(const protocol::actor_list_request& request, std::int64_t now_ns) const;
  [[nodiscard]] std::vector<protocol::actor_totals> totals(std::int64_t now_ns) const;
  [[nodiscard]] std::size_t size() const;

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::supervision
