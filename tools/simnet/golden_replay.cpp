#include "tools/simnet/golden_replay.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/sha256.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/composer.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"
#include "tools/simnet/runtime/validator.hpp"
#include "tools/verifier/golden_file_io.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <stdexcept>

namespace sett::simnet {

namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& o, std::string_view key) {
  const auto& s = o.at(key).as_string();
  return {s.data(), s.size()};
}
std::uint64_t number_of(const json::object& o, std::string_view key) {
  const auto text = text_of(o, key);
  std::uint64_t v = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), v).ec != std::errc{})
    throw std::runtime_error(fmt::format("{} is no number", key));
  return v;
}
address key_of(std::string_view text) {
  auto parsed = solana::parse_address(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}
std::vector<std::uint8_t> bytes_of_hex(std::string_view text) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint8_t v = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, v, 16);
    out.push_back(v);
  }
  return out;
}
std::vector<std::uint8_t> bytes_of_base64(std::string_view text) {
  auto decoded = solana::base64_decode(text);
  if (!decoded) throw std::runtime_error(decoded.error().message);
  return *decoded;
}

class replay {
public:
  explicit replay(std::size_t disagreements_max) : disagreements_max_(disagreements_max) {}

  void line(const json::object& o) {
    const auto type = text_of(o, "t");
    if (type == "acct") {
      stored_[std::string(text_of(o, "id"))] = {number_of(o, "lamports"), key_of(text_of(o, "owner")),
                                                bytes_of_base64(text_of(o, "data")), false};
    } else if (type == "seq") {
      begin(o);
    } else if (type == "step") {
      step(o);
    } else if (type == "state") {
      state(o);
    }
  }

  replay_report report;

private:
  struct signer {
    address recorded;
    std::unique_ptr<key_pair> keys;
  };

  void begin(const json::object& o) {
    ++report.sequences;
    chain_ = std::make_unique<validator>();
    names_.clear();
    signers_.clear();
    const auto& params = o.at("params").as_object();
    payer_ = key_of(text_of(params, "feePayer"));
    for (const auto& [name, value] : o.at("accounts").as_object()) {
      const auto& a = value.as_object();
      const auto key = key_of(text_of(a, "pubkey"));
      names_[std::string(name)] = key;
      if (!a.at("acct").is_null()) chain_->accounts().put(key, stored_.at(std::string(text_of(a, "acct"))));
    }
    if (chain_->accounts().find(payer_) == nullptr) chain_->accounts().put(payer_, {1'000'000'000'000, {}, {}, false});
    // A program's dump of another year behaves differently: its account says which one runs.
    if (const auto* dump = params.if_contains("programDump")) {
      const auto program = key_of(text_of(o, "program"));
      auto account = *chain_->accounts().find(program);
      const auto& year = dump->as_string();
      account.data.assign(year.begin(), year.end());
      chain_->accounts().put(program, account);
    }
    substitute(payer_);
  }

  /// The test key that signs for a recorded one.
  const key_pair& substitute(const address& recorded) {
    for (const auto& s : signers_)
      if (s.recorded == recorded) return *s.keys;
    signers_.push_back({recorded, std::make_unique<key_pair>(derive_key_pair(0, solana::to_base58(recorded), 0))});
    const auto& made = *signers_.back().keys;
    auto all = chain_->accounts().all();
    for (auto& [key, a] : all) {
      const auto changed = replaced(a, recorded, made.key);
      if (key == recorded) {
        chain_->accounts().put(key, {});
        chain_->accounts().put(made.key, changed);
      } else if (!(changed == a)) {
        chain_->accounts().put(key, changed);
      }
    }
    return made;
  }
  static account replaced(account a, const address& from, const address& to) {
    for (auto at = a.data.begin();
         (at = std::search(at, a.data.end(), from.bytes.begin(), from.bytes.end())) != a.data.end();)
      at = std::copy(to.bytes.begin(), to.bytes.end(), at);
    return a;
  }
  [[nodiscard]] address now(const address& recorded) const {
    for (const auto& s : signers_)
      if (s.recorded == recorded) return s.keys->key;
    return recorded;
  }
  /// An account as it would be with the recorded keys.
  [[nodiscard]] account recorded_form(const std::string& name) const {
    const auto* found = chain_->accounts().find(now(names_.at(name)));
    if (found == nullptr) return {};
    auto a = *found;
    for (const auto& s : signers_) a = replaced(a, s.keys->key, s.recorded);
    return a;
  }

  instruction read_instruction(const json::object& o, std::vector<const key_pair*>& signing) {
    instruction out;
    out.program = key_of(text_of(o, "program"));
    for (const auto& entry : o.at("accounts").as_array()) {
      const auto& pair = entry.as_array();
      const auto key = key_of({pair[0].as_string().data(), pair[0].as_string().size()});
      const auto& flags = pair[1].as_string();
      const bool signs = flags.find('s') != json::string::npos, writes = flags.find('w') != json::string::npos;
      if (signs) {
        const auto* keys = &substitute(key);
        if (std::find(signing.begin(), signing.end(), keys) == signing.end()) signing.push_back(keys);
      }
      out.accounts.push_back({now(key), writes, signs});
    }
    out.data = bytes_of_hex(text_of(o, "data"));
    return out;
  }

  void step(const json::object& o) {
    ++report.steps;
    ++height_;
    std::vector<const key_pair*> signing{&substitute(payer_)};
    std::vector<instruction> list;
    // Signers first: an instruction's accounts are read with the keys that stand for them.
    read_instruction(o.at("ix").as_object(), signing);
    if (const auto* pre = o.if_contains("pre"))
      for (const auto& ix : pre->as_array()) list.push_back(read_instruction(ix.as_object(), signing));
    list.push_back(read_instruction(o.at("ix").as_object(), signing));

    std::map<std::string, account> before;
    for (const auto& [name, key] : names_) before[name] = recorded_form(name);
    blockhash parent;
    parent.bytes = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(&height_), sizeof height_));
    chain_->begin_block({slot_number{number_of(o, "slot")}, height_, static_cast<std::int64_t>(number_of(o, "unix"))},
                        parent);
    const auto outcome = chain_->execute(compose(list, signing, parent));

    const bool ok = o.at("ok").as_bool();
    report.succeeded += ok ? 1 : 0;
    std::string fault;
    const auto expected = json::serialize(o.at("err"));
    if (json::serialize(json::parse(outcome.error_json)) != expected)
      fault = fmt::format("{} where {} is recorded", outcome.error_json, expected);
    const auto& post = o.at("post").as_object();
    for (const auto& [name, key] : names_) {
      if (!fault.empty()) break;
      const auto is = recorded_form(name);
      const auto* change = post.if_contains(name);
      if (change == nullptr) {
        if (key != payer_ && !(is == before[name])) fault = fmt::format("{} changed", name);
        continue;
      }
      fault = compare(name, is, change->as_object(), before[name]);
    }
    if (fault.empty()) {
      ++report.agreed;
      report.succeeded_agreed += ok ? 1 : 0;
    } else {
      complain(fmt::format("{} step {} ({}): {}", text_of(o, "seq"), o.at("i").as_int64(), text_of(o, "label"), fault));
    }
  }

  static std::string compare(std::string_view name, const account& is, const json::object& change,
                             const account& before) {
    const auto lamports = change.contains("lamports") ? number_of(change, "lamports") : before.lamports;
    if (is.lamports != lamports) return fmt::format("{} holds {} lamports, not {}", name, is.lamports, lamports);
    if (change.contains("amount")) {
      const auto view = read_token_account(is.data);
      if (view && view->amount != number_of(change, "amount"))
        return fmt::format("{} holds {} tokens, not {}", name, view->amount, text_of(change, "amount"));
    }
    if (!change.contains("sha")) return {};
    const auto digest = solana::sha256(is.data);
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[i]);
    if (hex == text_of(change, "sha")) return {};
    std::string where;
    if (const auto* data = change.if_contains("data")) {
      const auto wanted = bytes_of_base64({data->as_string().data(), data->as_string().size()});
      for (std::size_t i = 0, n = 0; i < std::min(wanted.size(), is.data.size()) && n < 8; ++i)
        if (wanted[i] != is.data[i]) {
          where += fmt::format(" {}", i);
          ++n;
        }
    }
    return fmt::format("{} has other bytes{}", name, where.empty() ? "" : " at" + where);
  }

  void state(const json::object& o) {
    ++report.states;
    std::string fault;
    for (const auto& [name, id] : o.at("accounts").as_object()) {
      const auto is = recorded_form(name);
      const auto expected = id.is_null() ? account{} : stored_.at(std::string(id.as_string()));
      if (!(is == expected)) fault = name;
    }
    if (fault.empty())
      ++report.states_agreed;
    else
      complain(fmt::format("{} after {}: {} differs", text_of(o, "seq"), o.at("after").as_int64(), fault));
  }

  void complain(std::string text) {
    if (report.disagreements.size() < disagreements_max_) report.disagreements.push_back(std::move(text));
  }

  std::size_t disagreements_max_;
  std::map<std::string, account, std::less<>> stored_;
  std::unique_ptr<validator> chain_;
  std::map<std::string, address> names_;
  std::vector<signer> signers_;
  address payer_;
  std::uint64_t height_{};
};

} // namespace

result<replay_report> replay_golden_file(const std::filesystem::path& file, std::size_t disagreements_max) {
  replay all(disagreements_max);
  std::string fault;
  const auto read = verifier::for_each_line(file, [&](const std::string& text, std::size_t number) {
    try {
      all.line(json::parse(text).as_object());
    } catch (const std::exception& e) {
      fault = fmt::format("{} line {}: {}", file.string(), number, e.what());
    }
    return fault.empty();
  });
  if (!read) return std::unexpected(read.error());
  if (!fault.empty()) return fail("simnet-replay", replay_errc::malformed, fault);
  return all.report;
}

} // namespace sett::simnet
