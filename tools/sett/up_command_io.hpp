// A local cluster in a folder: `sett up` starts etcd (unless one is given) and N nodes, starts again what ends, and
// stops all in order; `sett down` ends a running one and can remove its folder.
//
//   DIR/lock       held while anything of the cluster runs, by `sett up` and by what it started; holds its process id
//   DIR/nodes      how many nodes the cluster had at its last start
//   DIR/etcd/      the consensus store's data; DIR/etcd.log
//   DIR/nX/        node nX's data folder: sett.sock, node.key, trusted_keys, journal/, log/, and what
//                  it printed in `output`
//
// All addresses are loopback and all ports free ones. Blocks until a signal ends it.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sett::tools {

struct up_options {
  std::uint32_t nodes{3};
  std::string folder{"run/cluster"};
  std::vector<std::string> etcd;     // host:port of a store that runs already; empty: start one
  std::vector<std::string> settings; // passed on to every settd
};

int up_command(const command_context& c, const up_options& o);

/// wipe: removes what `sett up` put into the folder, and the folder when nothing else is in it.
int down_command(const command_context& c, const std::string& folder, bool wipe);

} // namespace sett::tools
