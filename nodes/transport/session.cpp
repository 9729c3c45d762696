#include "nodes/transport/session.hpp"

#include <algorithm>
#include <utility>

namespace sett::transport {

namespace {

std::size_t cost(const ports::packet& p) { return p.body.size() + packet_overhead_bytes; }

} // namespace

session::session(member self, member peer, ports::lane lane, const session_options& options, std::uint64_t& numbers,
                 session_counters& counters, std::int64_t now_ns)
    : self_(self), peer_(peer), lane_(lane), options_(options), numbers_(numbers), counters_(counters) {
  begin(now_ns);
}

/// A fresh number, and nothing left of the one before but what had not been sent.
void session::begin(std::int64_t now_ns) {
  own_number_ = ++numbers_;
  confirmed_ = false;
  open_at_ns_ = now_ns;
  open_pause_ns_ = options_.open_after_ns;
  answer_due_ = false;
  next_ = 0;
  acked_ = frame_number_ = rewound_at_number_ = probe_end_ = 0;
  probing_ = false;
  credit_bytes_ = 0;
  resend_at_ns_ = never_ns;
  resend_pause_ns_ = options_.resend_after_ns;
  progress_at_ns_ = now_ns;
  received_ = seen_ = 0;
  unacknowledged_bytes_ = 0;
  miss_ = false;
  ack_at_ns_ = never_ns;
}

/// The session cannot be kept: all that was under way is lost.
bool session::abandon(std::int64_t now_ns) {
  ++counters_.resets;
  counters_.packets_lost += queued_packets();
  after_loss_ = told_ = true;
  waiting_.clear();
  window_.clear();
  waiting_bytes_ = window_bytes_ = 0;
  begin(now_ns);
  return true;
}

bool session::send(ports::packet packet, std::int64_t now_ns) {
  if (packet.body.size() > ports::body_bytes_max) {
    ++counters_.refused_large;
    return false;
  }
  const auto bytes = cost(packet);
  if (queued_packets() >= options_.queue_packets_max || queued_bytes() + bytes > options_.queue_bytes_max) {
    ++counters_.refused_full;
    return false;
  }
  if (packet.fleeting && !open()) { // it would be old before it could leave
    ++counters_.fleeting_lost;
    return true;
  }
  item i;
  i.accepted_at_ns = now_ns;
  if (packet.deadline_ns > 0) i.deadline_at_ns = now_ns + std::min(packet.deadline_ns, never_ns - now_ns);
  i.packet = std::move(packet);
  waiting_.push_back(std::move(i));
  waiting_bytes_ += bytes;
  return true;
}

/// Learns the peer's number. true: the frame's content belongs to this session.
bool session::agree(const frame_header& h, std::int64_t now_ns, bool& reset) {
  if (h.session < std::max(peer_number_, peer_number_least_)) {
    ++counters_.old_frames;
    return false;
  }
  if (h.session > peer_number_) {
    if (open()) reset = abandon(now_ns); // the peer has lost what we told each other
    peer_number_ = h.session;
    peer_number_least_ = h.session;
    received_ = seen_ = 0;
    answer_due_ = true;
  }
  if (h.opening) answer_due_ = true;
  if (h.peer_session != own_number_) {
    if (h.peer_session != 0) ++counters_.old_frames;
    return false;
  }
  if (!confirmed_) {
    confirmed_ = true;
    if (h.after_loss && !told_) {
      ++counters_.resets;
      reset = true;
    }
    told_ = false;
    credit_bytes_ = h.credit_bytes;
    progress_at_ns_ = now_ns;
    answer_due_ = true; // so that the peer is confirmed too
  }
  return true;
}

void session::receive(const frame& f, std::int64_t now_ns, receipt& out) {
  ++counters_.frames_received;
  if (!agree(f.header, now_ns, out.reset)) return;
  acknowledge(f.header, now_ns);
  take(f, now_ns, out.packets);
}

void session::acknowledge(const frame_header& h, std::int64_t now_ns) {
  credit_bytes_ = h.credit_bytes;
  const auto sent = acked_ + window_.size();
  if (h.ack > acked_ && h.ack <= sent) {
    const auto count = static_cast<std::size_t>(h.ack - acked_);
    for (std::size_t i = 0; i < count; ++i) {
      window_bytes_ -= cost(window_.front().packet);
      window_.pop_front();
    }
    acked_ = h.ack;
    next_ -= std::min(next_, count);
    progress_at_ns_ = now_ns;
    resend_pause_ns_ = options_.resend_after_ns;
    if (probing_) {
      probing_ = false;
      // Only the probe came through: what followed it the first time is lost. More than the probe: it is only slow.
      if (acked_ > probe_end_) next_ = window_.size();
    }
    resend_at_ns_ = window_.empty() ? never_ns : now_ns + resend_pause_ns_;
  }
  // A gap that was seen before the last rewind reached the peer is already being mended.
  if (h.resend && h.ack == acked_ && h.seen >= rewound_at_number_ && !window_.empty()) {
    next_ = 0;
    probing_ = false;
    rewound_at_number_ = frame_number_ + 1;
  }
}

void session::take(const frame& f, std::int64_t now_ns, std::vector<ports::packet>& out) {
  const bool newest = f.header.number > seen_;
  seen_ = std::max(seen_, f.header.number);
  if (f.header.ack_now) ack_at_ns_ = now_ns;
  auto sequence = f.header.first_sequence - 1;
  for (const auto& p : f.packets) {
    if (!p.fleeting) {
      ++sequence;
      if (sequence <= received_) {
        ++counters_.packets_duplicate;
        ack_at_ns_ = now_ns; // the peer does not know that it has arrived
        continue;
      }
      if (sequence > received_ + 1) {
        ++counters_.gaps;
        miss_ = true;
        ack_at_ns_ = now_ns;
        return;
      }
      received_ = sequence;
      miss_ = false;
      unacknowledged_bytes_ += p.body.size() + packet_overhead_bytes;
      ack_at_ns_ = unacknowledged_bytes_ > options_.window_bytes_max / 4
                       ? now_ns
                       : std::min(ack_at_ns_, now_ns + options_.ack_delay_ns);
      if (p.expired) {
        ++counters_.packets_expired;
        continue;
      }
    } else if (sequence != received_ || !newest) {
      ++counters_.fleeting_lost;
      continue;
    }
    ++counters_.packets_delivered;
    out.push_back({lane_, p.kind, p.fleeting, p.correlation, p.epoch, p.deadline_ns, std::string(p.body)});
  }
}

bool session::tick(std::int64_t now_ns) {
  const bool stuck = !window_.empty() && now_ns - progress_at_ns_ >= options_.give_up_after_ns;
  const bool stale =
      !open() && !waiting_.empty() && now_ns - waiting_.front().accepted_at_ns >= options_.give_up_after_ns;
  if (stuck || stale) {
    // The peer's number ends with ours, if anything of it has arrived; else it may be as fresh as before.
    peer_number_least_ = peer_number_ + (seen_ > 0 ? 1 : 0);
    peer_number_ = 0;
    return abandon(now_ns);
  }
  if (now_ns >= resend_at_ns_) {
    next_ = 0;
    probing_ = true;
    rewound_at_number_ = frame_number_ + 1;
    resend_at_ns_ = now_ns + resend_pause_ns_;
    resend_pause_ns_ = std::min(2 * resend_pause_ns_, options_.resend_after_ns_max);
  }
  return false;
}

void session::expire(item& i, std::int64_t now_ns) {
  if (i.expired || now_ns < i.deadline_at_ns) return;
  i.expired = true;
  ++counters_.packets_expired;
}

bool session::fits(const item& i, const frame_writer& writer) const {
  return writer.packets() == 0 || (writer.packets() < options_.frame_packets_max &&
                                   writer.bytes() + cost(i.packet) <= options_.frame_bytes_soft_max);
}

/// One packet may always be under way, so that a small grant cannot stop a large packet for ever.
bool session::window_takes(const item& i) const {
  if (window_.empty()) return true;
  return window_.size() < options_.window_packets_max &&
         window_bytes_ + cost(i.packet) <= std::min<std::size_t>(options_.window_bytes_max, credit_bytes_);
}

bool session::has_content() const {
  if (next_ < window_.size()) return !probing_ || next_ == 0;
  if (probing_ || waiting_.empty()) return false;
  return waiting_.front().packet.fleeting || window_takes(waiting_.front());
}

namespace {

frame_packet to_wire(const ports::packet& p, bool expired, std::int64_t left_ns) {
  return {p.kind, p.fleeting, expired, p.correlation, p.epoch, left_ns, expired ? std::string_view() : p.body};
}

} // namespace

void session::add_sent_again(std::int64_t now_ns, frame_writer& writer) {
  for (; next_ < window_.size() && fits(window_[next_], writer); ++next_) {
    auto& i = window_[next_];
    expire(i, now_ns);
    ++counters_.packets_resent;
    writer.add(to_wire(i.packet, i.expired, i.deadline_at_ns == never_ns || i.expired ? 0 : i.deadline_at_ns - now_ns));
  }
}

void session::add_waiting(std::int64_t now_ns, frame_writer& writer) {
  while (!waiting_.empty()) {
    auto& i = waiting_.front();
    expire(i, now_ns);
    const auto bytes = cost(i.packet);
    if (!i.expired && (!fits(i, writer) || (!i.packet.fleeting && !window_takes(i)))) return;
    if (!i.expired) {
      auto& to = i.packet.fleeting ? leaving_ : window_;
      to.push_back(std::move(i));
      const auto& moved = to.back();
      if (!moved.packet.fleeting) {
        if (window_.size() == 1) {
          progress_at_ns_ = now_ns;
          resend_at_ns_ = now_ns + resend_pause_ns_;
        }
        window_bytes_ += bytes;
        next_ = window_.size();
      }
      ++counters_.packets_sent;
      writer.add(to_wire(moved.packet, false, moved.deadline_at_ns == never_ns ? 0 : moved.deadline_at_ns - now_ns));
    }
    waiting_.pop_front();
    waiting_bytes_ -= bytes;
  }
}

bool session::due(std::int64_t now_ns) const {
  if (answer_due_) return true;
  return open() ? now_ns >= ack_at_ns_ || has_content() : now_ns >= open_at_ns_;
}

bool session::next_frame(std::int64_t now_ns, frame_writer& writer, frame_header& h) {
  leaving_.clear();
  h = {};
  const bool is_open = open();
  h.first_sequence = acked_ + next_ + 1;
  if (is_open && has_content()) {
    const bool again = next_ < window_.size();
    if (again) add_sent_again(now_ns, writer);
    if (probing_)
      probe_end_ = acked_ + next_;
    else if (next_ == window_.size())
      add_waiting(now_ns, writer);
    h.ack_now = again || (!waiting_.empty() && !waiting_.front().packet.fleeting && !window_takes(waiting_.front()));
  }
  const bool attempt = !is_open && now_ns >= open_at_ns_;
  if (writer.packets() == 0 && !attempt && !answer_due_ && (!is_open || now_ns < ack_at_ns_)) return false;
  if (!is_open) {
    open_at_ns_ = now_ns + open_pause_ns_;
    if (attempt) open_pause_ns_ = std::min(2 * open_pause_ns_, options_.resend_after_ns_max);
  }
  h.origin = self_;
  h.destination = peer_;
  h.lane = lane_;
  h.opening = !is_open;
  h.resend = is_open && miss_;
  h.after_loss = after_loss_;
  h.session = own_number_;
  h.peer_session = peer_number_;
  h.number = ++frame_number_;
  h.ack = received_;
  h.seen = seen_;
  h.credit_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(options_.window_bytes_max, 0xffffffffU));
  answer_due_ = miss_ = false;
  ack_at_ns_ = never_ns;
  unacknowledged_bytes_ = 0;
  ++counters_.frames_sent;
  return true;
}

std::int64_t session::wake_at_ns(std::int64_t now_ns) const {
  auto at = never_ns;
  const auto consider = [&](std::int64_t t) {
    if (t > now_ns) at = std::min(at, t);
  };
  consider(resend_at_ns_);
  consider(open() ? ack_at_ns_ : open_at_ns_);
  if (!window_.empty()) consider(progress_at_ns_ + options_.give_up_after_ns);
  if (!open() && !waiting_.empty()) consider(waiting_.front().accepted_at_ns + options_.give_up_after_ns);
  return at;
}

} // namespace sett::transport
