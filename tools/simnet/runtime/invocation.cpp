#include "tools/simnet/runtime/invocation.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/types/error.hpp"
#include "tools/simnet/programs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sett::simnet {

namespace {
constexpr std::uint32_t call_depth_max = 5; // MAX_INSTRUCTION_STACK_DEPTH, agave 2.x

std::string failure_text(const program_error& e) {
  if (e.name == "Custom") return fmt::format("custom program error: 0x{:x}", e.code);
  if (e.name == "ProgramFailedToComplete") return "SBF program panicked";
  return std::string(e.name);
}
} // namespace

const address& invocation::program() const { return run_.accounts[program_index_].key; }

const address& invocation::key(std::size_t i) const { return run_.accounts[place_of(i).index].key; }

const account& invocation::at(std::size_t i) const { return run_.accounts[place_of(i).index].value; }

bool invocation::signed_by(const address& key) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&](const place& p) { return p.signer && run_.accounts[p.index].key == key; });
}

account& invocation::changeable(std::size_t i, std::string_view readonly_error) {
  const auto& p = place_of(i);
  if (!p.writable) fail_with(readonly_error);
  return run_.accounts[p.index].value;
}

std::vector<std::uint8_t>& invocation::write(std::size_t i) {
  auto& a = changeable(i, "ReadonlyDataModified");
  if (a.owner != program()) fail_with("ExternalAccountDataModified");
  return a.data;
}

void invocation::move_lamports(std::size_t from, std::size_t to, std::uint64_t amount) {
  if (amount == 0) return;
  auto& source = changeable(from, "ReadonlyLamportChange");
  auto& target = changeable(to, "ReadonlyLamportChange");
  if (source.owner != program()) fail_with("ExternalAccountLamportSpend");
  if (source.lamports < amount) fail_with("ArithmeticOverflow");
  source.lamports -= amount;
  target.lamports += amount;
}

void invocation::assign(std::size_t i, const address& owner) {
  auto& a = changeable(i, "ReadonlyDataModified");
  if (a.owner == owner) return;
  if (a.owner != program()) fail_with("ModifiedProgramId");
  if (std::any_of(a.data.begin(), a.data.end(), [](std::uint8_t b) { return b != 0; })) fail_with("ModifiedProgramId");
  a.owner = owner;
}

const clock_values& invocation::clock() const { return run_.clock; }

const blockhash& invocation::durable_nonce() const { return run_.durable_nonce; }

void invocation::log(std::string line) { run_.logs.push_back("Program log: " + std::move(line)); }

void invocation::log_plain(std::string line) { run_.logs.push_back(std::move(line)); }

void invocation::log_data(std::span<const std::uint8_t> bytes) {
  run_.logs.push_back("Program data: " + solana::base64_encode(bytes));
}

void invocation::consume(std::uint64_t units) {
  run_.units_used += units;
  if (run_.units_used > run_.unit_limit) {
    run_.units_used = run_.unit_limit;
    throw program_error{"ComputationalBudgetExceeded", 0};
  }
}

const account* invocation::elsewhere(const address& key) const {
  for (const auto& a : run_.accounts)
    if (a.key == key) return &a.value;
  return nullptr;
}

void invocation::call(const address& called, std::vector<account_meta> metas, std::span<const std::uint8_t> input,
                      std::vector<address> signers) {
  if (height >= call_depth_max) fail_with("CallDepth");
  const auto index_of = [&](const address& key) {
    for (std::size_t i = 0; i < run_.accounts.size(); ++i)
      if (run_.accounts[i].key == key) return static_cast<std::uint8_t>(i);
    fail_with("MissingAccount");
  };
  std::vector<place> places;
  std::vector<std::uint8_t> indexes;
  for (const auto& m : metas) {
    place p{index_of(m.key), m.writable, m.signer};
    // What the caller may do with the account, by any of the places it was given.
    bool may_write = false, may_sign = std::find(signers.begin(), signers.end(), m.key) != signers.end();
    for (const auto& own : places_)
      if (own.index == p.index) {
        may_write |= own.writable;
        may_sign |= own.signer;
      }
    if ((p.writable && !may_write) || (p.signer && !may_sign)) fail_with("PrivilegeEscalation");
    places.push_back(p);
    indexes.push_back(p.index);
  }
  const auto program_index = index_of(called);
  if (run_.inner.empty() || run_.inner.back().outer != run_.position_) run_.inner.push_back({run_.position_, {}});
  run_.inner.back().instructions.push_back(
      {program_index, std::move(indexes), std::vector<std::uint8_t>(input.begin(), input.end()), height + 1});
  invocation inner(run_, program_index, std::move(places), input, height + 1);
  run_.run(inner);
}

void invocation::emit_event(const address& event_authority, std::span<const std::uint8_t> event) {
  // anchor-lang's event_cpi: the tag is sha256("anchor:event")[..8] read as a little-endian number.
  std::vector<std::uint8_t> input{0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d};
  input.insert(input.end(), event.begin(), event.end());
  call(program(), {{event_authority, false, true}}, input, {event_authority});
}

void transaction_run::run(invocation& call) {
  const auto& id = call.program();
  const auto entry = find_program(id);
  const auto name = solana::to_base58(id);
  const auto before = units_used;
  if (entry == nullptr || !accounts[call.program_index_].value.executable)
    fail_with(entry == nullptr ? "UnsupportedProgramId" : "IncorrectProgramId");
  logs.push_back(fmt::format("Program {} invoke [{}]", name, call.height));
  const bool native = accounts[call.program_index_].value.owner == program_id::native_loader();
  const auto consumed = [&] {
    if (!native)
      logs.push_back(
          fmt::format("Program {} consumed {} of {} compute units", name, units_used - before, unit_limit - before));
  };
  try {
    // An Anchor event is a call of the program to itself that does nothing.
    const bool own_event = call.height > 1 && call.data.size() >= 8 && call.data[0] == 0xe4 && call.data[1] == 0x45 &&
                           call.data[2] == 0xa5 && call.data[3] == 0x2e;
    if (own_event) {
      call.consume(2003);
    } else {
      entry(call);
    }
  } catch (const program_error& e) {
    consumed();
    logs.push_back(fmt::format("Program {} failed: {}", name, failure_text(e)));
    throw;
  }
  consumed();
  logs.push_back(fmt::format("Program {} success", name));
}

void transaction_run::top_level(std::uint8_t position, const compiled_instruction& ix) {
  position_ = position;
  std::vector<invocation::place> places;
  for (const auto index : ix.accounts) places.push_back({index, accounts[index].writable, accounts[index].signer});
  invocation call(*this, ix.program_index, std::move(places), ix.data, 1);
  run(call);
}

} // namespace sett::simnet
