// Commands and answers as FlatBuffers (messages/schema/commands.fbs). Decoding verifies the buffer and every bound and
// refuses the whole packet otherwise. Pure.
#pragma once

#include "messages/ports/network.hpp"
#include "nodes/entities/command_router.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::entities {

inline constexpr ports::packet_kind commands_packet{300}, answers_packet{301};
inline constexpr std::size_t entity_id_bytes_max = 64;
inline constexpr std::size_t command_bytes_max = 256U << 10U;
inline constexpr std::size_t commands_per_packet_max = 4096;

enum class codec_errc : std::uint16_t { damaged = 1, out_of_bounds };

struct command_batch {
  std::uint32_t client{}; // which of its senders a node means
  std::vector<routed_command> commands;
};
struct answer_batch {
  std::uint32_t client{};
  struct item {
    shard_id shard;
    std::uint64_t sequence{};
    command_answer answer;
  };
  std::vector<item> answers;
};

/// Deadlines travel as time left: clocks of nodes have nothing in common.
[[nodiscard]] std::string encode(std::uint32_t client, std::span<const routed_command> commands, steady_time_ns now);
[[nodiscard]] result<command_batch> decode_commands(std::string_view bytes, steady_time_ns now);
[[nodiscard]] std::string encode(const answer_batch& batch);
[[nodiscard]] result<answer_batch> decode_answers(std::string_view bytes);

} // namespace sett::entities
