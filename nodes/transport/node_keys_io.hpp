// A node's keys on disk, in its data folder: node.key and, while it changes keys, node.key.next (both mode 0600: a file
// that others may read is refused), trusted_keys (mode 0600). Files are replaced whole: written beside, synced,
// renamed. Blocks on the disk; for the command line and the start of a node.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"
#include "nodes/transport/node_keys.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sett::transport {

/// A fresh pair. Error: io when the system gives no randomness.
[[nodiscard]] result<node_key> make_node_key();

class key_folder {
public:
  explicit key_folder(std::string data_dir) : folder_(std::move(data_dir)) {}

  /// Makes the node's key (and the folder, mode 0700). Error: key_exists, io.
  [[nodiscard]] result<node_key> create() const;
  /// Errors: io (missing, or readable by others), bad_key.
  [[nodiscard]] result<node_key> load() const;

  /// Makes the key to come, beside the one in use. Error: key_exists: one waits already.
  [[nodiscard]] result<node_key> create_next() const;
  [[nodiscard]] result<std::optional<node_key>> load_next() const;
  /// The key to come replaces the one in use. Error: io when there is none.
  [[nodiscard]] result<void> promote_next() const;

  /// No file: nobody is trusted.
  [[nodiscard]] result<trusted_keys> load_trusted() const;
  [[nodiscard]] result<void> store_trusted(const trusted_keys& keys) const;

private:
  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  std::string folder_;
};

} // namespace sett::transport
