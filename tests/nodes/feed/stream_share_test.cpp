#include "nodes/feed/stream_share.hpp"
#include "nodes/feed/update_codec.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/fixed_clock.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace {

using namespace sett;
using protocol::connection_state;

const member peer{*node_id::parse("n2"), incarnation_number{1}};

class refusing_network final : public ports::network {
public:
  void start(const member&, ports::network_handler&) override {}
  void set_peers(std::vector<ports::peer_address>) override {}
  bool send(const member&, ports::packet p) override {
    if (refuses) return false;
    if (p.kind == feed::state_packet) told.push_back(*feed::decode_state(p.body));
    return true;
  }
  void stop() override {}
  bool refuses{};
  std::vector<connection_state> told;
};

struct shared {
  refusing_network network;
  test::fixed_clock clock;
  telemetry::node_metrics metrics;
  feed::stream_share share{network, clock, metrics, [] { return caf::actor(); }, endpoint_index{4}, stream_id{}};

  void connection(connection_state s) {
    frame_origin o;
    o.endpoint = endpoint_index{0};
    share.connection({o, s, ""});
  }
  void slot() {
    frame_origin o;
    o.endpoint = endpoint_index{0};
    share.slot({o, {}});
  }
};

TEST(unit_stream_share, a_state_that_the_network_refused_is_told_with_whatever_comes_next) {
  shared s;
  s.share.members({peer});
  ASSERT_EQ(s.network.told, (std::vector{connection_state::lost}));
  s.network.refuses = true;
  s.connection(connection_state::live);
  s.network.refuses = false;
  s.slot();
  EXPECT_EQ(s.network.told, (std::vector{connection_state::lost, connection_state::live}));
  s.slot(); // once
  EXPECT_EQ(s.network.told.size(), 2U);
}

TEST(unit_stream_share, a_member_that_left_is_told_nothing_any_more) {
  shared s;
  s.share.members({peer});
  s.network.refuses = true;
  s.connection(connection_state::live);
  s.share.members({});
  s.network.refuses = false;
  s.slot();
  EXPECT_EQ(s.network.told.size(), 1U);
}

} // namespace
