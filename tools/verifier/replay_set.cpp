// Reads a replay set, executes its steps and compares. The lines are `acct` (account contents by id), `seq` (a
// sequence's first state), `step` (one instruction and what changed) and `state` (full state now and then).
#include "messages/solana/encoding.hpp"
#include "tools/verifier/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sett::verifier {

namespace {

using venues::fault;
using venues::refusal;

constexpr std::pair<std::string_view, fault> fault_names[] = {
    {"ProgramFailedToComplete", fault::program_failed_to_complete},
    {"InvalidArgument", fault::invalid_argument},
    {"InvalidInstructionData", fault::invalid_instruction_data},
    {"InvalidAccountData", fault::invalid_account_data},
    {"IncorrectProgramId", fault::incorrect_program_id},
    {"NotEnoughAccountKeys", fault::not_enough_account_keys},
    {"ArithmeticOverflow", fault::arithmetic_overflow},
    {"MissingRequiredSignature", fault::missing_required_signature},
};

std::string text_of(const refusal& r) {
  if (r.kind == fault::custom) return fmt::format("Custom {}", r.code);
  for (const auto& [name, kind] : fault_names)
    if (kind == r.kind) return std::string(name);
  return "an unnamed error";
}

template <class Number>
Number number_in(std::string_view text, const record& r) {
  Number out{};
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data(), end, out).ptr != end) r.complain(text, "a number");
  return out;
}

venues::chain_time time_of(const record& r, std::string_view slot, std::string_view unix_time) {
  const auto s = number_in<std::uint64_t>(r.text(slot), r);
  return {slot_number{s}, unix_seconds{number_in<std::int64_t>(r.text(unix_time), r)}, s / 432'000};
}

class replay_checker final : public set_checker {
public:
  explicit replay_checker(const replay_venue& venue) : venue_(venue) {}

  void check(const record& r, tally& t) override {
    const auto type = r.text("t");
    if (type == "acct")
      stored_[std::string(r.text("id"))] = {r.key("owner"), number_in<std::uint64_t>(r.text("lamports"), r),
                                            r.base64("data")};
    else if (type == "seq")
      begin_sequence(r);
    else if (type == "step")
      step(r, t);
    else if (type == "state")
      state(r, t);
  }

private:
  void begin_sequence(const record& r) {
    named_.clear();
    initial_.clear();
    world_ = {};
    if (r.has("params")) {
      const auto params = r.child("params");
      for (const auto& [name, value] : params.fields())
        if (const auto text = params.text_or_empty(name); !text.empty())
          world_.params[std::string(name)] = std::string(text);
    }
    for (const auto& [name, place] : r.child("accounts").fields()) {
      const auto key = place.key("pubkey");
      named_[std::string(name)] = key;
      if (place.is_null("acct")) continue;
      const auto found = stored_.find(std::string(place.text("acct")));
      if (found == stored_.end()) {
        r.complain(name, "an account stored before");
        return;
      }
      world_.accounts[key] = found->second;
      initial_[std::string(name)] = found->second;
    }
    part_ = venue_.part != nullptr ? venue_.part(initial_) : std::string_view{};
  }

  static std::optional<refusal> error_of(const record& r, std::size_t instructions_before) {
    const auto error = r.child("err").items_of("InstructionError");
    if (error.size() != 2) {
      r.complain("err", "an InstructionError");
      return std::nullopt;
    }
    if (error[0].as_number() != instructions_before) return std::nullopt;
    if (error[1].has("Custom")) return refusal{fault::custom, static_cast<std::uint32_t>(error[1].number("Custom"))};
    const auto text = error[1].as_text();
    for (const auto& [name, kind] : fault_names)
      if (name == text) return refusal{kind, 0};
    return std::nullopt;
  }

  static std::string error_text(const record& r) {
    if (r.flag("ok")) return "ok";
    const auto error = r.child("err").items_of("InstructionError");
    if (error.size() != 2) return "an error";
    return error[1].has("Custom") ? fmt::format("Custom {}", error[1].number("Custom"))
                                  : std::string(error[1].as_text());
  }

  void step(const record& r, tally& t) {
    const auto id = fmt::format("{}/{} {}", r.text("seq"), r.number("i"), r.text("label"));
    const auto ix_record = r.child("ix");
    replay_instruction ix{ix_record.key("program"), {}, ix_record.hex("data"), false};
    for (const auto& pair : ix_record.list("accounts")) {
      const auto meta = pair.items();
      if (meta.size() != 2) {
        r.complain("accounts", "pairs");
        return;
      }
      const auto flags = meta[1].as_text();
      ix.accounts.push_back(
          {meta[0].as_key(), flags.find('s') != std::string_view::npos, flags.find('w') != std::string_view::npos});
    }
    std::size_t before = 0;
    if (r.has("pre") && !r.is_null("pre")) before = r.list("pre").size();
    ix.limits_raised = before != 0;

    replay_world after = world_;
    after.now = time_of(r, "slot", "unix");
    const auto outcome = venue_.execute(after, ix);

    std::string what;
    if (r.flag("ok")) {
      if (!outcome)
        what = fmt::format("refused with {}, it was executed", text_of(outcome.error()));
      else
        what = differences(after, r);
    } else {
      const auto expected = error_of(r, before);
      if (outcome)
        what = fmt::format("executed, it was refused with {}", error_text(r));
      else if (!expected || *expected != outcome.error())
        what = fmt::format("refused with {}, it was {}", text_of(outcome.error()), error_text(r));
    }
    if (outcome && what.empty()) world_ = std::move(after);
    if (r.flag("ok") && !what.empty()) adopt(r);
    t.count(part_, id, std::move(what));
  }

  /// What of the recorded changes our copy does not show. Accounts that are not listed must be as before.
  std::string differences(replay_world& after, const record& r) {
    const auto post = r.child("post");
    for (const auto& [name, key] : named_) {
      const auto* account = after.find(key);
      if (!post.has(name)) {
        const auto* before = world_.find(key);
        if ((account == nullptr) != (before == nullptr)) return fmt::format("{}: came or went", name);
        if (account == nullptr) continue;
        if (account->lamports != before->lamports) return fmt::format("{}: its lamports moved", name);
        if (auto what = compare_fields(name, *account, before->data); !what.empty()) return what;
        if (is_token_account(*account) && balance(*account) != balance(*before))
          return fmt::format("{}: moved by {}", name, balance(*account) - balance(*before));
        continue;
      }
      if (account == nullptr) return fmt::format("{}: is absent here", name);
      const auto change = post.child(name);
      if (const auto lamports = change.text_or_empty("lamports"); !lamports.empty())
        if (const auto expected = number_in<std::uint64_t>(lamports, r); expected != account->lamports)
          return fmt::format("{}: {} lamports, it had {}", name, account->lamports, expected);
      if (const auto amount = change.text_or_empty("amount"); !amount.empty())
        if (const auto expected = number_in<std::uint64_t>(amount, r);
            account->data.size() < 72 || expected != balance(*account))
          return fmt::format("{}: {} tokens, it had {}", name, account->data.size() < 72 ? 0 : balance(*account),
                             expected);
      if (const auto data = change.text_or_empty("data"); !data.empty())
        if (auto what = compare_fields(name, *account, change.base64("data")); !what.empty()) return what;
    }
    return {};
  }

  std::string compare_fields(std::string_view name, const replay_account& ours,
                             const std::vector<std::uint8_t>& theirs) {
    for (const auto& field : venue_.fields(name, ours)) {
      if (field.offset + field.length > ours.data.size() || field.offset + field.length > theirs.size())
        return fmt::format("{}: too short for {}", name, field.name);
      const auto ours_at = std::span(ours.data).subspan(field.offset, field.length);
      const auto theirs_at = std::span(theirs).subspan(field.offset, field.length);
      if (!std::ranges::equal(ours_at, theirs_at))
        return fmt::format("{}.{}: {}, it was {}", name, field.name, field_text(ours_at), field_text(theirs_at));
    }
    return {};
  }

  static std::string field_text(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > 8) return solana::hex_encode(bytes);
    std::uint64_t n = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) n = n << 8 | bytes[i];
    return fmt::format("{}", n);
  }

  /// After a difference the recorded state is taken over, so that it is reported once.
  void adopt(const record& r) {
    const auto post = r.child("post");
    for (const auto& [name, key] : named_) {
      if (!post.has(name)) continue;
      const auto change = post.child(name);
      auto& account = world_.accounts[key];
      if (const auto data = change.text_or_empty("data"); !data.empty()) account.data = change.base64("data");
      if (const auto lamports = change.text_or_empty("lamports"); !lamports.empty())
        account.lamports = number_in<std::uint64_t>(lamports, r);
      if (const auto amount = change.text_or_empty("amount"); !amount.empty() && account.data.size() >= 72)
        venues::store(account.data, 64, number_in<std::uint64_t>(amount, r));
    }
  }

  /// The full recorded state now and then: it shows fields of accounts whose steps give only balances.
  void state(const record& r, tally& t) {
    for (const auto& [name, value] : r.child("accounts").fields()) {
      if (value.is_null()) continue;
      const auto named = named_.find(std::string(name));
      const auto found = stored_.find(std::string(value.as_text()));
      if (named == named_.end() || found == stored_.end()) continue;
      auto* ours = world_.find(named->second);
      std::string what;
      if (ours == nullptr)
        what = fmt::format("{}: is absent here", name);
      else
        what = compare_fields(name, *ours, found->second.data);
      if (!what.empty()) {
        t.count(part_, fmt::format("{} state after {}", r.text("seq"), r.number("after")), std::move(what));
      }
      world_.accounts[named->second] = found->second;
    }
  }

  [[nodiscard]] static std::uint64_t balance(const replay_account& a) {
    return venues::load<std::uint64_t>(a.data, 64);
  }
  [[nodiscard]] static bool is_token_account(const replay_account& a) { return holds_tokens(a); }

  const replay_venue& venue_;
  std::map<std::string, replay_account> stored_;      // by content id
  std::map<std::string, address, std::less<>> named_; // of the current sequence
  std::map<std::string, replay_account> initial_;
  replay_world world_;
  std::string_view part_;
};

} // namespace

const replay_meta* account_at(const replay_instruction& ix, std::size_t index) {
  return index < ix.accounts.size() ? &ix.accounts[index] : nullptr;
}

std::unique_ptr<set_checker> make_replay_checker(const replay_venue& venue) {
  return std::make_unique<replay_checker>(venue);
}

} // namespace sett::verifier
