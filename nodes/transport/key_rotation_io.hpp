// Carries out on a running node what `sett key node` writes into its data folder, so that nobody has to stop it: whom
// to trust takes effect at the next look; a key to come (`rotate`) gets a listener of its own beside the old one and
// its address is published; once it is the key in use (`rotate --finish`) and no member comes by the old door any more,
// that door closes.
//
// A key to come that is taken away again, or replaced, before it is in use changes nothing until the node starts anew.
// A file that cannot be read is logged once and leaves everything as it is. look() blocks on the disk, and shortly on
// the network's thread; one thread at a time, while the network runs.
#pragma once

#include "messages/ports/log.hpp"
#include "nodes/transport/node_keys_io.hpp"
#include "nodes/transport/zmq_network_io.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace sett::transport {

class key_rotation {
public:
  /// Tells the other members where, and by which key, this node is to be reached from now on.
  using publisher = std::function<void(const zmq_network::ports_of_lanes&, const std::string& public_key)>;

  /// `trusted`: what the network was opened with. The network outlives this.
  key_rotation(key_folder keys, trusted_keys trusted, zmq_network& network, ports::area_log log, publisher publish);
  void look();
  /// Both listeners are open.
  [[nodiscard]] bool changing() const { return coming_.has_value(); }

private:
  void look_at_trusted();
  void look_for_a_key_to_come();
  void look_for_the_end();
  /// Whether it can be read; what cannot is logged once.
  template <class T>
  bool readable(const char* what, const result<T>& r);

  key_folder keys_;
  trusted_keys trusted_;
  zmq_network& network_;
  ports::area_log log_;
  publisher publish_;
  std::optional<std::string> coming_; // its public key
  std::map<std::string, std::string> told_;
};

} // namespace sett::transport
