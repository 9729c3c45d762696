#include "nodes/runtime/opportunity_recorder_actor.hpp"

#include "messages/protocol/caf_messages.hpp"
#include "nodes/runtime/json_views.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <utility>

namespace sett::runtime {
namespace {

constexpr auto look_every = std::chrono::milliseconds(250); // for a bus actor that was restarted

struct look_due {};
struct batch_written {};

} // namespace
} // namespace sett::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::runtime::look_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::runtime::batch_written)

namespace sett::runtime {

opportunity_recorder_actor::opportunity_recorder_actor(caf::actor_config& cfg, supervision::cell_ptr place,
                                                       std::shared_ptr<const opportunity_recorder_setup> setup)
    : bounded_actor(cfg, std::move(place)), setup_(std::move(setup)), counted_(setup_->bus->counts()) {
  const auto shed = [this](std::string_view reason) {
    return &setup_->metrics->counter_of("sett_opportunity_records_shed_total",
                                        "Opportunities that are not in the file, by cause.", {{"reason", reason}});
  };
  reader_slow_ = shed("reader_slow");
  bus_full_ = shed("bus_full");
  unheard_ = shed("unheard");
}

caf::behavior opportunity_recorder_actor::make_behavior() {
  send(this, look_due{});
  return {
      [this](const look_due&) {
        subscribe();
        count();
        delayed_send(this, look_every, look_due{});
      },
      [this](const buses::bus_batch<protocol::opportunity>& batch) {
        reader_slow_->add(batch.dropped - std::exchange(dropped_, batch.dropped));
        std::vector<std::string> lines;
        lines.reserve(batch.values.size());
        for (const auto& o : batch.values) lines.push_back(boost::json::serialize(view(o)));
        caf::weak_actor_ptr self(ctrl());
        setup_->log->write(std::move(lines), [self] {
          if (auto alive = self.lock()) caf::anon_send(caf::actor_cast<caf::actor>(alive), batch_written{});
        });
      },
      [this](const batch_written&) {
        if (bus_) send(bus_, buses::bus_next{});
      },
  };
}

void opportunity_recorder_actor::subscribe() {
  const auto cell = setup_->actors->find(setup_->bus_path);
  const auto found = cell ? cell->self() : nullptr;
  if (!found) return;
  auto bus = caf::actor_cast<caf::actor>(found);
  if (bus == bus_) return;
  bus_ = std::move(bus);
  dropped_ = 0;
  send(bus_, buses::bus_subscribe{caf::actor_cast<caf::actor>(this)});
}

void opportunity_recorder_actor::count() {
  const auto now = setup_->bus->counts();
  bus_full_->add(now.dropped - counted_.dropped);
  unheard_->add(now.unheard + now.closed - counted_.unheard - counted_.closed);
  counted_ = now;
}

} // namespace sett::runtime
