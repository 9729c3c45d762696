#include "nodes/journal/command_batch.hpp"

#include "messages/schema/replication_generated.h"
#include "nodes/journal/shard_record.hpp"

#include <utility>

namespace sett::journal {

namespace {

constexpr std::size_t commands_max = 16'384; // of a batch

std::unexpected<error> bad(std::string why) {
  return fail("journal", journal_errc::bad_payload, "entry payload: " + std::move(why));
}

auto put(flatbuffers::FlatBufferBuilder& b, std::string_view s) {
  return b.CreateVector(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
}
std::string_view text_of(const flatbuffers::Vector<std::uint8_t>* v) {
  if (v == nullptr) return {};
  return {reinterpret_cast<const char*>(v->data()), v->size()};
}

template <class Table>
const Table* root_of(std::string_view bytes) {
  if (bytes.size() < 8) return nullptr;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size(), 8, commands_max + 8);
  return verifier.VerifyBuffer<Table>(nullptr) ? flatbuffers::GetRoot<Table>(data) : nullptr;
}

} // namespace

std::string encode_batch(const std::vector<decided_command>& batch) {
  std::size_t bytes = 64;
  for (const auto& c : batch) bytes += c.target.id.size() + c.event.size() + c.reply.size() + 96;
  flatbuffers::FlatBufferBuilder b(bytes);
  std::vector<flatbuffers::Offset<fb::DecidedCommand>> commands;
  commands.reserve(batch.size());
  for (const auto& c : batch) {
    const auto id = put(b, c.target.id);
    // Absent is empty: most commands have no event or no reply.
    const auto event = c.event.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : put(b, c.event);
    const auto reply = c.reply.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : put(b, c.reply);
    commands.push_back(fb::CreateDecidedCommand(b, c.client.value, c.sequence.value, c.target.kind.value, id, event,
                                                reply, c.refused));
  }
  b.Finish(fb::CreateCommandBatch(b, b.CreateVector(commands)));
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

result<std::vector<decided_command>> decode_batch(std::string_view payload) {
  const auto* t = root_of<fb::CommandBatch>(payload);
  if (t == nullptr) return bad("the batch's buffer does not verify");
  if (t->commands() == nullptr || t->commands()->size() == 0 || t->commands()->size() > commands_max)
    return bad("the batch has no commands, or too many");
  std::vector<decided_command> out;
  out.reserve(t->commands()->size());
  for (const auto* c : *t->commands()) {
    const auto id = text_of(c->entity());
    const auto event = text_of(c->event());
    const auto reply = text_of(c->reply());
    const auto place = [&](std::string_view what) {
      return "command " + std::to_string(out.size()) + ": " + std::string(what);
    };
    if (c->client() == 0 || c->sequence() == 0) return bad(place("no client or sequence"));
    if (c->kind() == 0 || id.empty() || id.size() > entity_id_bytes_max)
      return bad(place("no entity, or too long an id"));
    if (event.size() > event_bytes_max) return bad(place("the event is too large"));
    if (reply.size() > reply_bytes_max) return bad(place("the reply is too large"));
    if (c->refused() && !event.empty()) return bad(place("refused, but with an event"));
    out.push_back({.client = client_id(c->client()),
                   .sequence = command_sequence(c->sequence()),
                   .target = {.kind = entity_kind_number(c->kind()), .id = std::string(id)},
                   .event = std::string(event),
                   .reply = std::string(reply),
                   .refused = c->refused()});
  }
  return out;
}

std::string encode_checkpoint(const checkpoint& c) {
  flatbuffers::FlatBufferBuilder b(64);
  b.Finish(fb::CreateCheckpoint(b, c.index.value, c.hash));
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

result<checkpoint> decode_checkpoint(std::string_view payload) {
  const auto* t = root_of<fb::Checkpoint>(payload);
  if (t == nullptr) return bad("the checkpoint's buffer does not verify");
  if (t->index() == 0 && t->hash() != 0) return bad("a checkpoint before all has a hash");
  return checkpoint{.index = journal_index(t->index()), .hash = t->hash()};
}

} // namespace sett::journal
