// The composition of one node: which parts there are, in which order they start, and that they stop in reverse. No
// rules of its own. Used by main(), which owns the process: signals, exit codes and the bound on a stop.
#pragma once

#include "config/resolve.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sett::settd {

class node {
public:
  /// Starts everything. An error names what could not start and what to do; what had started is stopped again.
  [[nodiscard]] static result<std::unique_ptr<node>> start(config::resolution settings);
  ~node();

  [[nodiscard]] std::uint16_t http_port() const;
  /// The ordered stop: API, streams, ingest, entities with their snapshots, store, log. Blocks; idempotent.
  void stop();

private:
  struct parts;
  explicit node(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace sett::settd
