// The venues that execute replay steps: one pair of functions per venue, in replay_<venue>.cpp.
#pragma once

#include "tools/verifier/replay.hpp"

namespace sett::verifier {

replay_outcome execute_pump_curve(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_pump_curve(std::string_view name, const replay_account& account);

replay_outcome execute_orca_whirlpool(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_orca_whirlpool(std::string_view name, const replay_account& account);

replay_outcome execute_raydium_clmm(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_raydium_clmm(std::string_view name, const replay_account& account);

replay_outcome execute_raydium_amm_v4(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_raydium_amm_v4(std::string_view name, const replay_account& account);

replay_outcome execute_raydium_cpmm(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_raydium_cpmm(std::string_view name, const replay_account& account);

replay_outcome execute_meteora_dlmm(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_meteora_dlmm(std::string_view name, const replay_account& account);
std::string_view part_of_meteora_dlmm(const std::map<std::string, replay_account>& named);

replay_outcome execute_meteora_damm_v2(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_meteora_damm_v2(std::string_view name, const replay_account& account);

replay_outcome execute_meteora_dbc(replay_world& world, const replay_instruction& ix);
std::span<const byte_field> fields_of_meteora_dbc(std::string_view name, const replay_account& account);

} // namespace sett::verifier
