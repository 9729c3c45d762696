#include "nodes/membership/beater.hpp"

#include "messages/schema/membership_generated.h"
#include "messages/schema/rows.hpp"
#include "nodes/membership/member_record.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sett::membership {

std::string encode(const beat& b) {
  flatbuffers::FlatBufferBuilder builder(1024);
  std::vector<fb::HeardMember> all;
  for (const auto& h : b.hears) {
    std::array<std::uint8_t, node_id::length_max + 1> name{};
    const auto text = h.who.node.view();
    std::copy(text.begin(), text.end(), name.begin());
    all.emplace_back(flatbuffers::make_span(name), h.who.incarnation.value, h.silence_ms);
  }
  const auto list = builder.CreateVectorOfStructs(all);
  fb::FinishBeatBuffer(builder, fb::CreateBeat(builder, b.sequence, b.progress, b.health, b.leaving, list));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

result<beat> decode_beat(std::string_view bytes) {
  const auto refuse = [](const char* why) { return fail("membership", membership_errc::bad_field, why); };
  // FlatBuffers wants its buffers aligned; a view into a frame need not be.
  const std::vector<std::uint64_t> aligned = [&] {
    std::vector<std::uint64_t> copy((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
    return copy;
  }();
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (bytes.size() < 8 || !fb::VerifyBeatBuffer(verifier)) return refuse("beat: the bytes do not verify");
  const auto& in = *fb::GetBeat(data);
  beat out{in.sequence(), in.progress(), in.health(), in.leaving(), {}};
  if (in.hears() == nullptr) return out;
  if (in.hears()->size() > members_max) return refuse("beat: more members than a cluster may have");
  for (const auto h : fb::rows(in.hears())) {
    std::string name;
    for (const auto c : *h.name()) name.push_back(static_cast<char>(c));
    const auto node = node_id::parse(std::string_view(name).substr(0, name.find('\0')));
    if (!node) return refuse("beat: a name that no node can have");
    out.hears.push_back({{*node, incarnation_number(h.incarnation())}, h.silence_ms()});
  }
  const auto in_order = [](const heard& a, const heard& b) { return a.who >= b.who; };
  if (std::adjacent_find(out.hears.begin(), out.hears.end(), in_order) != out.hears.end())
    return refuse("beat: the members are not in order");
  return out;
}

beater::beater(const detector_settings& settings, ports::network& network, const ports::clock& clock,
               ports::timer& timer, ports::metrics_registry& metrics)
    : settings_(settings),
      network_(network),
      clock_(clock),
      timer_(timer),
      figures_{
          &metrics.counter_of("sett_membership_beats_sent_total", "Beats handed to the network."),
          &metrics.counter_of("sett_membership_beats_refused_total", "Beats that the network did not take."),
          &metrics.counter_of("sett_membership_beats_heard_total", "Beats of members."),
          &metrics.counter_of("sett_membership_beats_ignored_total", "Beats of strangers, or older than the last one."),
          &metrics.counter_of("sett_membership_beats_malformed_total", "Beats that could not be read."),
          &metrics.gauge_of("sett_membership_own_health_score",
                            "How late this node's own ticks come: 0 well, 8 worst."),
          &metrics.gauge_of("sett_membership_members_down", "Members that this node takes for down.")} {}

void beater::start(const member& self, std::function<void()> on_change) {
  {
    const std::scoped_lock lock(mutex_);
    detector_ = std::make_unique<detector>(settings_, self, clock_.steady_now());
    on_change_ = std::move(on_change);
    running_ = true;
  }
  tick();
}

void beater::set_members(std::vector<member> others) {
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    std::sort(others.begin(), others.end());
    detector_->set_members(others, clock_.steady_now());
    others_ = std::move(others);
  }
  tick();
}

void beater::on_packet(const member& from, const ports::packet& p) {
  const auto b = decode_beat(p.body);
  if (!b) return figures_.malformed->add();
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    if (!detector_->on_beat(from, *b, clock_.steady_now())) {
      figures_.ignored->add();
      return;
    }
    figures_.heard->add();
  }
  tick();
}

void beater::progress() {
  const std::scoped_lock lock(mutex_);
  if (running_) detector_->on_progress();
}

void beater::leave() {
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    detector_->leave();
    ++generation_;
    if (timer_id_ != ports::timer_id::none) static_cast<void>(timer_.cancel(timer_id_));
    running_ = false;
  }
  // Fleeting packets may be lost: once more costs nothing.
  for (int i = 0; i < 2; ++i) {
    beat last;
    std::vector<member> to;
    {
      const std::scoped_lock lock(mutex_);
      last = detector_->own_beat();
      to = others_;
    }
    send(to, encode(last));
  }
}

void beater::stop() {
  const std::scoped_lock lock(mutex_);
  running_ = false;
  ++generation_;
  if (timer_id_ != ports::timer_id::none) static_cast<void>(timer_.cancel(timer_id_));
  timer_id_ = ports::timer_id::none;
  on_change_ = nullptr;
}

void beater::tick() {
  detector::ticked t;
  beat own;
  std::vector<member> to;
  std::function<void()> changed;
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return;
    const auto now = clock_.steady_now();
    t = detector_->tick(now);
    if (t.beat_now) {
      own = detector_->own_beat();
      to = others_;
    }
    if (t.changed) {
      changed = on_change_;
      figures_.health->set(detector_->score());
      const auto all = detector_->verdicts();
      figures_.down->set(
          static_cast<double>(std::count_if(all.begin(), all.end(), [](const verdict& v) { return v.down; })));
    }
    arm(t.next_ns, now.value);
  }
  if (t.beat_now && !to.empty()) send(to, encode(own));
  if (changed) changed();
}

/// One timer at a time; one that fires though it was replaced finds another generation.
void beater::arm(std::int64_t next_ns, std::int64_t now_ns) {
  if (timer_id_ != ports::timer_id::none && next_ns == armed_ns_) return;
  if (timer_id_ != ports::timer_id::none) static_cast<void>(timer_.cancel(timer_id_));
  armed_ns_ = next_ns;
  timer_id_ = timer_.start(next_ns - now_ns, [weak = weak_from_this(), generation = ++generation_] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::scoped_lock lock(self->mutex_);
      if (self->generation_ != generation) return;
      self->timer_id_ = ports::timer_id::none;
    }
    self->tick();
  });
}

void beater::send(const std::vector<member>& to, const std::string& body) {
  for (const auto& m : to) {
    ports::packet p;
    p.lane = ports::lane::control;
    p.kind = beat_kind;
    p.fleeting = true;
    p.body = body;
    (network_.send(m, std::move(p)) ? figures_.sent : figures_.refused)->add();
  }
}

std::vector<verdict> beater::verdicts() const {
  const std::scoped_lock lock(mutex_);
  return detector_ ? detector_->verdicts() : std::vector<verdict>{};
}

std::uint8_t beater::own_health() const {
  const std::scoped_lock lock(mutex_);
  return detector_ ? detector_->score() : std::uint8_t{0};
}

} // namespace sett::membership
