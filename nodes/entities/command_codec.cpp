#include "nodes/entities/command_codec.hpp"

#include "messages/schema/commands_generated.h"

#include <fmt/format.h>

#include <algorithm>

namespace sett::entities {

namespace {

constexpr std::string_view area = "command";

auto bytes_of(flatbuffers::FlatBufferBuilder& b, std::string_view s) {
  return b.CreateVector(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
}
std::string text_of(const flatbuffers::Vector<std::uint8_t>* v) {
  return v == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(v->data()), v->size());
}
std::string finished(const flatbuffers::FlatBufferBuilder& b) {
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}
template <class Table>
const Table* verified(std::string_view bytes) {
  flatbuffers::Verifier check(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), 16, 100'000);
  if (!check.VerifyBuffer<Table>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Table>(bytes.data());
}

} // namespace

std::string encode(std::uint32_t client, std::span<const routed_command> commands, steady_time_ns now) {
  flatbuffers::FlatBufferBuilder b(256 + commands.size() * 128);
  std::vector<flatbuffers::Offset<fb::Command>> rows;
  rows.reserve(commands.size());
  for (const auto& c : commands) {
    const auto id = bytes_of(b, c.id), payload = bytes_of(b, c.payload);
    rows.push_back(fb::CreateCommand(b, c.shard.value, c.sequence, c.settled, c.kind, id, payload,
                                     std::max<std::int64_t>(c.deadline_ns - now.value, 0)));
  }
  b.Finish(fb::CreateCommands(b, client, b.CreateVector(rows)));
  return finished(b);
}

result<command_batch> decode_commands(std::string_view bytes, steady_time_ns now) {
  const auto* root = verified<fb::Commands>(bytes);
  if (root == nullptr || root->commands() == nullptr)
    return fail(area, codec_errc::damaged, fmt::format("commands: {} bytes are no such table", bytes.size()));
  if (root->commands()->size() > commands_per_packet_max)
    return fail(
        area, codec_errc::out_of_bounds,
        fmt::format("commands: {} in one packet, at most {}", root->commands()->size(), commands_per_packet_max));
  command_batch out;
  out.client = root->client();
  out.commands.reserve(root->commands()->size());
  for (const auto* c : *root->commands()) {
    routed_command r{.shard = shard_id{c->shard()},
                     .sequence = c->sequence(),
                     .settled = c->settled(),
                     .kind = c->kind(),
                     .id = text_of(c->id()),
                     .payload = text_of(c->payload()),
                     .deadline_ns = 0};
    if (r.sequence == 0 || r.settled >= r.sequence || r.id.empty() || r.id.size() > entity_id_bytes_max ||
        r.payload.size() > command_bytes_max || c->time_left_ns() < 0)
      return fail(area, codec_errc::out_of_bounds,
                  fmt::format("command {}: sequence, id, payload or time is out of bounds", out.commands.size()));
    r.deadline_ns = now.value + std::min<std::int64_t>(c->time_left_ns(), 3'600'000'000'000);
    out.commands.push_back(std::move(r));
  }
  return out;
}

std::string encode(const answer_batch& batch) {
  flatbuffers::FlatBufferBuilder b(256 + batch.answers.size() * 96);
  std::vector<flatbuffers::Offset<fb::Answer>> rows;
  rows.reserve(batch.answers.size());
  for (const auto& a : batch.answers) {
    const auto payload = bytes_of(b, a.answer.payload);
    const auto leader = a.answer.leader
                            ? b.CreateString(a.answer.leader->node.view().data(), a.answer.leader->node.view().size())
                            : flatbuffers::Offset<flatbuffers::String>();
    rows.push_back(fb::CreateAnswer(b, a.shard.value, a.sequence, static_cast<std::uint8_t>(a.answer.status), payload,
                                    leader, a.answer.leader ? a.answer.leader->incarnation.value : 0,
                                    a.answer.epoch.value));
  }
  b.Finish(fb::CreateAnswers(b, batch.client, b.CreateVector(rows)));
  return finished(b);
}

result<answer_batch> decode_answers(std::string_view bytes) {
  const auto* root = verified<fb::Answers>(bytes);
  if (root == nullptr || root->answers() == nullptr)
    return fail(area, codec_errc::damaged, fmt::format("answers: {} bytes are no such table", bytes.size()));
  if (root->answers()->size() > commands_per_packet_max)
    return fail(area, codec_errc::out_of_bounds,
                fmt::format("answers: {} in one packet, at most {}", root->answers()->size(), commands_per_packet_max));
  answer_batch out;
  out.client = root->client();
  out.answers.reserve(root->answers()->size());
  for (const auto* a : *root->answers()) {
    answer_batch::item i{shard_id{a->shard()}, a->sequence(), {}};
    if (a->status() > static_cast<std::uint8_t>(command_status::overloaded))
      return fail(area, codec_errc::out_of_bounds,
                  fmt::format("answer {}: unknown status {}", out.answers.size(), a->status()));
    i.answer.status = static_cast<command_status>(a->status());
    i.answer.payload = text_of(a->payload());
    i.answer.epoch = epoch_number{a->epoch()};
    if (a->leader_node() != nullptr && a->leader_node()->size() > 0) {
      const auto node = node_id::parse({a->leader_node()->data(), a->leader_node()->size()});
      if (!node) return fail(area, codec_errc::out_of_bounds, fmt::format("answer {}: bad leader", out.answers.size()));
      i.answer.leader = member{*node, incarnation_number{a->leader_incarnation()}};
    }
    out.answers.push_back(std::move(i));
  }
  return out;
}

} // namespace sett::entities
