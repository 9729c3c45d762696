// Commands and answers from another node: refused, or within their bounds and the same after another encoding.
#include "messages/types/error.hpp"
#include "nodes/entities/command_codec.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const steady_time_ns now{1'000'000'000};
  if (const auto c = entities::decode_commands(bytes, now)) {
    for (const auto& one : c->commands)
      SETT_ASSERT(one.sequence > one.settled && !one.id.empty() && one.id.size() <= entities::entity_id_bytes_max &&
                  one.payload.size() <= entities::command_bytes_max && one.deadline_ns >= now.value);
    const auto again = entities::decode_commands(entities::encode(c->client, c->commands, now), now);
    SETT_ASSERT(again && again->client == c->client && again->commands.size() == c->commands.size());
    for (std::size_t i = 0; i < c->commands.size(); ++i) {
      const auto &a = c->commands[i], &b = again->commands[i];
      SETT_ASSERT(a.shard == b.shard && a.sequence == b.sequence && a.settled == b.settled && a.kind == b.kind &&
                  a.id == b.id && a.payload == b.payload && a.deadline_ns == b.deadline_ns);
    }
  }
  if (const auto a = entities::decode_answers(bytes)) {
    const auto again = entities::decode_answers(entities::encode(*a));
    SETT_ASSERT(again && again->client == a->client && again->answers.size() == a->answers.size());
    for (std::size_t i = 0; i < a->answers.size(); ++i)
      SETT_ASSERT(a->answers[i].sequence == again->answers[i].sequence &&
                  a->answers[i].answer.status == again->answers[i].answer.status &&
                  a->answers[i].answer.leader == again->answers[i].answer.leader);
  }
  return 0;
}
