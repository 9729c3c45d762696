#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/invocation.hpp"

#include <unordered_map>

namespace sett::simnet {

program_entry find_program(const address& id) {
  static const std::unordered_map<address, program_entry> programs{
      {program_id::system(), run_system},
      {program_id::spl_token(), run_spl_token},
      {program_id::token_2022(), run_token_2022},
      {program_id::associated_token(), run_associated_token},
      {program_id::compute_budget(), run_compute_budget},
      {program_id::memo(), run_memo},
      {program_id::memo_v1(), run_memo},
      {program_id::metaplex_metadata(), run_metaplex},
      {program_id::pump(), run_pump},
      {program_id::pump_amm(), run_pump_amm},
      {program_id::raydium_cpmm(), run_raydium_cpmm},
      {program_id::whirlpool(), run_whirlpool},
  };
  const auto it = programs.find(id);
  return it == programs.end() ? nullptr : it->second;
}

} // namespace sett::simnet
