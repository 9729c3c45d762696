#include "nodes/accounts/account_kinds.hpp"

#include "actors/execution/account.hpp"
#include "nodes/journal/shard_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace sett::accounts {

using namespace execution;

namespace {

class account_entity final : public journal::entity {
public:
  account_entity() = default;
  explicit account_entity(account_record r) : record_(std::move(r)) {}

  result<journal::entity_decision> decide(std::string_view bytes, const journal::decide_context& at) const override {
    const auto c = decode_command(bytes);
    if (!c) return std::unexpected(c.error());
    auto d = account::decide(record_.state, *c);
    if (!d) return std::unexpected(d.error());
    // Only a tick can have so many to say, and says the rest the next time.
    if (d->events.size() > entry_events_max) d->events.resize(entry_events_max);
    const auto* takes = std::get_if<command::take_over>(&*c);
    journal::entity_decision out;
    out.reply = answer_to(*c, *d, record_.log);
    if (d->events.empty()) return out;
    out.event = encode(account_entry{.ts_event = at.now,
                                     .ts_init = at.now,
                                     .epoch = takes != nullptr ? takes->epoch : record_.state.epoch,
                                     .events = std::move(d->events)});
    return out;
  }
  void apply(std::string_view event) override {
    if (const auto e = decode_entry(event)) execution::apply(record_, *e);
  }
  std::string serialise() const override { return record_ == account_record{} ? std::string() : encode(record_); }
  std::unique_ptr<entity> clone() const override { return std::make_unique<account_entity>(*this); }

private:
  static std::string answer_to(const account_command& c, const account_decision& d, const order_log& log) {
    const auto* o = std::get_if<command::open_intent>(&c);
    if (o == nullptr) return "ok";
    const auto intent = intent_id_of(o->account, o->strategy, o->mint, o->kind, o->cause);
    const auto id = hex_of(intent);
    for (const auto& e : d.events)
      if (const auto* no = std::get_if<event::denied>(&e))
        return fmt::format("denied {} {} {} {}", id, to_text(no->reason), no->measured, no->threshold);
    if (!d.events.empty()) return "accepted " + id;
    if (const auto* s = log.find(intent); s != nullptr && s->state == order_state::denied) {
      const auto line = std::find_if(s->lines.begin(), s->lines.end(),
                                     [](const story_line& l) { return l.what == story_event::denied; });
      const bool told = line != s->lines.end();
      return fmt::format("denied_before {} {} {} {}", id, to_text(s->reason), told ? line->a : 0, told ? line->b : 0);
    }
    return "known " + id;
  }
  account_record record_;
};

class paper_entity final : public journal::entity {
public:
  paper_entity() = default;
  explicit paper_entity(paper_state s) : state_(std::move(s)) {}

  result<journal::entity_decision> decide(std::string_view bytes, const journal::decide_context&) const override {
    const auto c = decode_paper_command(bytes);
    if (!c) return std::unexpected(c.error());
    auto d = execution::decide(state_, *c);
    if (!d) return std::unexpected(d.error());
    journal::entity_decision out;
    if (d->answer) out.reply = encode(*d->answer);
    if (!d->events.empty()) out.event = encode(paper_entry{std::move(d->events)});
    return out;
  }
  void apply(std::string_view event) override {
    if (const auto e = decode_paper_entry(event))
      for (const auto& one : e->events) execution::apply(state_, one);
  }
  std::string serialise() const override { return state_ == paper_state{} ? std::string() : encode(state_); }
  std::unique_ptr<entity> clone() const override { return std::make_unique<paper_entity>(*this); }

private:
  paper_state state_;
};

class account_entities final : public journal::entity_kind {
public:
  journal::entity_kind_number number() const override { return account_kind; }
  std::string_view name() const override { return account_kind_name; }
  std::unique_ptr<journal::entity> create(std::string_view) const override {
    return std::make_unique<account_entity>();
  }
  result<std::unique_ptr<journal::entity>> parse(std::string_view, std::string_view bytes) const override {
    auto r = decode_record(bytes);
    if (!r) return std::unexpected(r.error());
    return std::make_unique<account_entity>(std::move(*r));
  }
};

class paper_entities final : public journal::entity_kind {
public:
  journal::entity_kind_number number() const override { return paper_chain_kind; }
  std::string_view name() const override { return paper_chain_kind_name; }
  std::unique_ptr<journal::entity> create(std::string_view) const override { return std::make_unique<paper_entity>(); }
  result<std::unique_ptr<journal::entity>> parse(std::string_view, std::string_view bytes) const override {
    auto s = decode_paper_state(bytes);
    if (!s) return std::unexpected(s.error());
    return std::make_unique<paper_entity>(std::move(*s));
  }
};

} // namespace

std::string hex_of(const intent_id& id) {
  std::string out;
  for (const auto b : id.bytes) {
    out += "0123456789abcdef"[b >> 4U];
    out += "0123456789abcdef"[b & 15U];
  }
  return out;
}

std::optional<intent_id> intent_id_in(std::string_view hex) {
  intent_id id;
  if (hex.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const auto* from = hex.data() + 2 * i;
    if (const auto r = std::from_chars(from, from + 2, id.bytes[i], 16); r.ec != std::errc{} || r.ptr != from + 2)
      return std::nullopt;
  }
  return id;
}

result<opened> read_opened(std::string_view answer) {
  const auto damaged = [] { return fail("execution", execution_errc::damaged, "an account's answer cannot be read"); };
  std::vector<std::string_view> words;
  while (!answer.empty()) {
    const auto space = answer.find(' ');
    words.push_back(answer.substr(0, space));
    answer = space == std::string_view::npos ? std::string_view{} : answer.substr(space + 1);
  }
  if (words.size() < 2) return damaged();
  opened o;
  o.id = words[1];
  o.accepted = words[0] == "accepted";
  o.known = words[0] == "known";
  if (o.accepted || o.known) return o;
  o.before = words[0] == "denied_before";
  if ((words[0] != "denied" && !o.before) || words.size() != 5) return damaged();
  o.reason = words[2];
  const auto number = [](std::string_view w, std::uint64_t& to) {
    return std::from_chars(w.data(), w.data() + w.size(), to).ec == std::errc{};
  };
  if (!number(words[3], o.measured) || !number(words[4], o.threshold)) return damaged();
  return o;
}

void add_account_kinds(journal::entity_kinds& kinds) {
  static const account_entities accounts;
  static const paper_entities papers;
  kinds.add(accounts);
  kinds.add(papers);
}

} // namespace sett::accounts
