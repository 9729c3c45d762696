#include "nodes/transport/frame.hpp"

#include "messages/schema/envelope_generated.h"
#include "messages/schema/rows.hpp"
#include "messages/types/crc32c.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>

namespace sett::transport {

namespace {

constexpr std::uint16_t flag_opening = 1, flag_resend = 2, flag_ack_now = 4, flag_after_loss = 8;
constexpr std::uint16_t flag_fleeting = 1, flag_expired = 2;
constexpr std::size_t crc_size = 4;

fb::NodeName to_wire(node_id name) {
  std::array<std::uint8_t, 16> bytes{};
  const auto text = name.view();
  std::memcpy(bytes.data(), text.data(), text.size());
  return fb::NodeName(flatbuffers::make_span(bytes));
}

/// nullopt: no name, or bytes behind its end.
std::optional<node_id> from_wire(const fb::NodeName& name) {
  char text[16];
  std::memcpy(text, name.bytes()->data(), sizeof text);
  const auto* end = std::find(std::begin(text), std::end(text), '\0');
  if (std::any_of(end, std::cend(text), [](char c) { return c != '\0'; })) return std::nullopt;
  return node_id::parse({text, static_cast<std::size_t>(end - text)});
}

std::unexpected<error> damaged(const char* what) {
  return fail("transport", transport_errc::damaged_frame, std::string("a frame is refused: ") + what);
}

/// Headers and bodies add up.
result<void> unpack_packets(const fb::Frame& in, frame& out) {
  const auto* headers = in.packets();
  const auto* bodies = in.bodies();
  const std::size_t bytes = bodies == nullptr ? 0 : bodies->size();
  const std::size_t count = headers == nullptr ? 0 : headers->size();
  const char* at = bodies == nullptr ? nullptr : reinterpret_cast<const char*>(bodies->data());
  std::size_t used = 0;
  out.packets.clear();
  out.packets.reserve(count);
  for (const auto h : fb::rows(headers)) {
    if (h.body_bytes() > ports::body_bytes_max || h.body_bytes() > bytes - used)
      return damaged("a body is longer than what is there");
    if (h.deadline_ns() < 0) return damaged("a deadline below 0");
    out.packets.push_back({ports::packet_kind(h.kind()), (h.flags() & flag_fleeting) != 0,
                           (h.flags() & flag_expired) != 0, h.correlation(), epoch_number(h.epoch()), h.deadline_ns(),
                           std::string_view(at + used, h.body_bytes())});
    used += h.body_bytes();
  }
  if (used != bytes) return damaged("bytes that belong to no packet");
  return {};
}

result<void> unpack(const fb::Frame& in, const fb::FrameHeader& wire, frame& out) {
  const auto origin = from_wire(wire.origin()), destination = from_wire(wire.destination());
  if (!origin || !destination) return damaged("its origin or destination is no node's name");
  if (wire.lane() >= ports::lane_count) return damaged("no such lane");
  if (wire.session() == 0 || wire.number() == 0) return damaged("no session or number");
  auto& h = out.header;
  h.origin = {*origin, incarnation_number(wire.origin_incarnation())};
  h.destination = {*destination, incarnation_number(wire.destination_incarnation())};
  h.lane = static_cast<ports::lane>(wire.lane());
  h.opening = (wire.flags() & flag_opening) != 0;
  h.resend = (wire.flags() & flag_resend) != 0;
  h.ack_now = (wire.flags() & flag_ack_now) != 0;
  h.after_loss = (wire.flags() & flag_after_loss) != 0;
  h.session = wire.session();
  h.peer_session = wire.peer_session();
  h.number = wire.number();
  h.first_sequence = wire.first_sequence();
  h.ack = wire.ack();
  h.seen = wire.seen();
  h.credit_bytes = wire.credit_bytes();
  return unpack_packets(in, out);
}

} // namespace

struct frame_writer::implementation {
  flatbuffers::FlatBufferBuilder builder{16U << 10U};
  std::vector<fb::PacketHeader> headers;
  std::vector<std::string_view> bodies;
  std::size_t body_bytes{};
};

frame_writer::frame_writer() : impl_(std::make_unique<implementation>()) {}
frame_writer::~frame_writer() = default;

void frame_writer::add(const frame_packet& p) {
  const auto flags = static_cast<std::uint16_t>((p.fleeting ? flag_fleeting : 0) | (p.expired ? flag_expired : 0));
  impl_->headers.emplace_back(p.correlation, p.epoch.value, p.deadline_ns, static_cast<std::uint32_t>(p.body.size()),
                              p.kind.value, flags);
  impl_->bodies.push_back(p.body);
  impl_->body_bytes += p.body.size();
}

std::size_t frame_writer::packets() const { return impl_->headers.size(); }
std::size_t frame_writer::bytes() const { return impl_->body_bytes + packets() * packet_overhead_bytes; }

std::string_view frame_writer::finish(const frame_header& h) {
  auto& b = impl_->builder;
  b.Clear();
  b.PushElement<std::uint32_t>(0); // a builder works from the end: here the checksum will stand, behind the table
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bodies;
  flatbuffers::Offset<flatbuffers::Vector<const fb::PacketHeader*>> headers;
  if (!impl_->headers.empty()) {
    std::uint8_t* to = nullptr;
    bodies = b.CreateUninitializedVector(impl_->body_bytes, &to);
    for (const auto body : impl_->bodies) {
      std::copy(body.begin(), body.end(), to);
      to += body.size();
    }
    headers = b.CreateVectorOfStructs(impl_->headers);
  }
  const auto flags = (h.opening ? flag_opening : 0) | (h.resend ? flag_resend : 0) | (h.ack_now ? flag_ack_now : 0) |
                     (h.after_loss ? flag_after_loss : 0);
  const fb::FrameHeader header(to_wire(h.origin.node), to_wire(h.destination.node), h.origin.incarnation.value,
                               h.destination.incarnation.value, h.session, h.peer_session, h.number, h.first_sequence,
                               h.ack, h.seen, h.credit_bytes, static_cast<std::uint16_t>(h.lane),
                               static_cast<std::uint16_t>(flags));
  fb::FrameBuilder f(b);
  f.add_schema_version(frame_version);
  f.add_least_reader(1);
  f.add_header(&header);
  if (!impl_->headers.empty()) {
    f.add_packets(headers);
    f.add_bodies(bodies);
  }
  fb::FinishFrameBuffer(b, f.Finish());
  impl_->headers.clear();
  impl_->bodies.clear();
  impl_->body_bytes = 0;

  auto* const bytes = b.GetBufferPointer();
  const std::size_t size = b.GetSize() - crc_size;
  const auto crc = crc32c({reinterpret_cast<const char*>(bytes), size});
  for (std::size_t i = 0; i < crc_size; ++i) bytes[size + i] = static_cast<std::uint8_t>(crc >> (8 * i) & 0xffU);
  return {reinterpret_cast<const char*>(bytes), b.GetSize()};
}

result<void> decode_frame(std::string_view bytes, frame& out) {
  if (bytes.size() <= crc_size || bytes.size() > frame_bytes_max) return damaged("its size");
  auto buffer = bytes.substr(0, bytes.size() - crc_size);
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < crc_size; ++i)
    crc |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[buffer.size() + i])) << (8 * i);
  if (crc32c(buffer) != crc) return damaged("its checksum does not match");
  if (reinterpret_cast<std::uintptr_t>(buffer.data()) % 8 != 0) { // the structs in it want their alignment
    out.aligned.resize((buffer.size() + 7) / 8);
    std::memcpy(out.aligned.data(), buffer.data(), buffer.size());
    buffer = {reinterpret_cast<const char*>(out.aligned.data()), buffer.size()};
  }
  const auto* data = reinterpret_cast<const std::uint8_t*>(buffer.data());
  flatbuffers::Verifier verifier(data, buffer.size());
  if (!fb::VerifyFrameBuffer(verifier)) return damaged("it is no well-formed frame");
  const auto& in = *fb::GetFrame(data);
  if (in.least_reader() > frame_version)
    return fail("transport", transport_errc::newer_frame,
                "a frame needs a reader of version " + std::to_string(in.least_reader()) + ", this one is " +
                    std::to_string(frame_version));
  if (in.header() == nullptr) return damaged("it has no header");
  return unpack(in, *in.header(), out);
}

} // namespace sett::transport
