#include "nodes/journal/shard_state.hpp"

#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/shard_record.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sett::journal {

namespace {

constexpr char entity_key = 'e';
constexpr char client_key = 'c';
constexpr std::uint8_t window_version = 1;

template <class Number>
void put_big(std::string& out, Number n) {
  for (std::size_t i = sizeof(Number); i-- > 0;) out.push_back(static_cast<char>(n >> (8 * i)));
}
template <class Number>
Number big(std::string_view bytes) {
  Number n = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    n = static_cast<Number>(static_cast<Number>(n << 8U) | static_cast<unsigned char>(bytes[i]));
  return n;
}

/// Takes numbers and strings off the front; ok stays false once something is missing.
struct reader {
  std::string_view rest;
  bool ok{true};
  template <class Number>
  Number number() {
    if (rest.size() < sizeof(Number)) {
      ok = false;
      return 0;
    }
    const auto n = big<Number>(rest);
    rest.remove_prefix(sizeof(Number));
    return n;
  }
  std::string_view bytes(std::size_t n) {
    if (rest.size() < n) {
      ok = false;
      return {};
    }
    const auto out = rest.substr(0, n);
    rest.remove_prefix(n);
    return out;
  }
};

std::string shown(std::string_view key) {
  std::string out;
  for (const char c : key.substr(0, 40)) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

std::unexpected<error> refuse(std::string why) {
  return fail("journal", journal_errc::refused, "command: " + std::move(why));
}

} // namespace

void entity_kinds::add(const entity_kind& kind) {
  SETT_ASSERT(kind.number().value != 0 && by_number_.emplace(kind.number(), &kind).second);
}

const entity_kind* entity_kinds::find(entity_kind_number number) const {
  const auto at = by_number_.find(number);
  return at == by_number_.end() ? nullptr : at->second;
}

const entity_kind* entity_kinds::find(std::string_view name) const {
  for (const auto& [number, kind] : by_number_)
    if (kind->name() == name) return kind;
  return nullptr;
}

shard_state::shard_state(const entity_kinds& kinds, const shard_state_limits& limits)
    : kinds_(&kinds), limits_(limits) {}
shard_state::~shard_state() = default;
shard_state::shard_state(shard_state&&) noexcept = default;
shard_state& shard_state::operator=(shard_state&&) noexcept = default;

std::string shard_state::key_of(const entity_ref& ref) {
  std::string key;
  key.reserve(3 + ref.id.size());
  key.push_back(entity_key);
  put_big(key, ref.kind.value);
  key += ref.id;
  return key;
}

std::string shard_state::key_of(client_id client) {
  std::string key;
  key.reserve(9);
  key.push_back(client_key);
  put_big(key, client.value);
  return key;
}

// Not a FlatBuffer: the bytes are hashed, and must be the same from every version of every library.
std::string shard_state::serialise(const client_window& w) {
  std::string out;
  out.reserve(21 + w.replies.size() * 16 + w.reply_bytes);
  out.push_back(static_cast<char>(window_version));
  put_big(out, w.last_use);
  put_big(out, w.forgotten.value);
  put_big(out, static_cast<std::uint32_t>(w.replies.size()));
  for (const auto& [sequence, r] : w.replies) {
    put_big(out, sequence.value);
    put_big(out, static_cast<std::uint8_t>(r.refused ? 1 : 0));
    put_big(out, static_cast<std::uint32_t>(r.reply.size()));
    out += r.reply;
  }
  return out;
}

std::string shard_state::value_of(const std::string& key) const {
  const std::string_view k = key;
  if (k.front() == entity_key) {
    const auto at = entities_.find({.kind = entity_kind_number(big<std::uint16_t>(k.substr(1))), .id = key.substr(3)});
    return at == entities_.end() ? std::string() : at->second->serialise();
  }
  const auto at = clients_.find(client_id(big<std::uint64_t>(k.substr(1))));
  return at == clients_.end() ? std::string() : serialise(at->second);
}

void shard_state::touch(std::string key) {
  unhashed_.insert(key);
  unsaved_.insert(std::move(key));
}

void shard_state::rehash() {
  for (const auto& key : unhashed_) {
    const std::string value = value_of(key);
    const auto at = parts_.find(key);
    if (at != parts_.end()) hash_ -= at->second;
    if (value.empty()) {
      if (at != parts_.end()) parts_.erase(at);
      continue;
    }
    const std::uint64_t part = state_entry_hash(key, value);
    hash_ += part;
    if (at != parts_.end())
      at->second = part;
    else
      parts_.emplace(key, part);
  }
  unhashed_.clear();
}

std::uint64_t shard_state::hash() {
  rehash();
  return hash_;
}

result<void> shard_state::load(std::span<const ports::state_change> stored, const ports::journal_place& applied) {
  const auto bad = [](std::string_view key, std::string_view what) {
    return fail("journal", journal_errc::bad_state, "stored state, key 0x" + shown(key) + ": " + std::string(what));
  };
  shard_state fresh(*kinds_, limits_);
  fresh.applied_ = applied;
  for (const auto& s : stored) {
    const std::string_view key = s.key;
    if (!s.value || s.value->empty()) return bad(key, "no value");
    if (key.size() > 3 && key.front() == entity_key) {
      const entity_ref ref{.kind = entity_kind_number(big<std::uint16_t>(key.substr(1))),
                           .id = std::string(key.substr(3))};
      if (ref.id.size() > entity_id_bytes_max) return bad(key, "the entity's id is too long");
      const auto* kind = kinds_->find(ref.kind);
      if (kind == nullptr)
        return fail("journal", journal_errc::unknown_kind,
                    "stored state, key 0x" + shown(key) + ": entity kind " + std::to_string(ref.kind.value) +
                        " is not known to this build");
      auto e = kind->parse(ref.id, *s.value);
      if (!e) return bad(key, e.error().message);
      if (!fresh.entities_.emplace(ref, std::move(*e)).second) return bad(key, "twice");
    } else if (key.size() == 9 && key.front() == client_key) {
      const client_id client(big<std::uint64_t>(key.substr(1)));
      reader in{.rest = *s.value};
      client_window w;
      if (in.number<std::uint8_t>() != window_version) return bad(key, "an unknown version");
      w.last_use = in.number<std::uint64_t>();
      w.forgotten = command_sequence(in.number<std::uint64_t>());
      const auto count = in.number<std::uint32_t>();
      command_sequence before(0);
      for (std::uint32_t i = 0; i < count && in.ok; ++i) {
        const command_sequence sequence(in.number<std::uint64_t>());
        remembered r;
        r.refused = in.number<std::uint8_t>() != 0;
        r.reply = in.bytes(in.number<std::uint32_t>());
        if (sequence <= before) return bad(key, "sequences do not ascend");
        before = sequence;
        w.reply_bytes += r.reply.size();
        w.replies.emplace_hint(w.replies.end(), sequence, std::move(r));
      }
      if (!in.ok || !in.rest.empty()) return bad(key, "too short or too long");
      fresh.uses_ = std::max(fresh.uses_, w.last_use);
      if (!fresh.by_use_.emplace(w.last_use, client).second) return bad(key, "two clients with one use");
      if (!fresh.clients_.emplace(client, std::move(w)).second) return bad(key, "twice");
    } else {
      return bad(key, "an unknown key");
    }
    fresh.parts_.emplace(s.key, 0);
    const std::uint64_t part = state_entry_hash(s.key, *s.value);
    fresh.parts_[s.key] = part;
    fresh.hash_ += part;
  }
  *this = std::move(fresh);
  return {};
}

std::vector<std::pair<entity_ref, opening>> shard_state::to_open() const {
  std::vector<std::pair<entity_ref, opening>> out;
  for (const auto& [ref, e] : entities_)
    if (const auto how = e->opens(); how != opening::none) out.emplace_back(ref, how);
  std::sort(out.begin(), out.end());
  return out;
}

const entity* shard_state::find(const entity_ref& ref) const {
  const auto at = entities_.find(ref);
  return at == entities_.end() ? nullptr : at->second.get();
}

result<std::variant<decide_outcome, command_reply>> shard_state::decide(const command& c, const decide_context& at) {
  if (c.client.value == 0 || c.sequence.value == 0) return refuse("no client or no sequence");
  if (c.target.id.empty() || c.target.id.size() > entity_id_bytes_max)
    return refuse("an entity's id has 1 to " + std::to_string(entity_id_bytes_max) + " bytes");
  if (c.body.size() > command_bytes_max) return refuse("longer than " + std::to_string(command_bytes_max) + " bytes");
  const auto* kind = kinds_->find(c.target.kind);
  if (kind == nullptr)
    return fail("journal", journal_errc::unknown_kind,
                "command: entity kind " + std::to_string(c.target.kind.value) + " is not known to this build");

  if (const auto known = clients_.find(c.client); known != clients_.end()) {
    if (const auto r = known->second.replies.find(c.sequence); r != known->second.replies.end())
      return command_reply{
          .client = c.client, .sequence = c.sequence, .reply = r->second.reply, .refused = r->second.refused};
    if (c.sequence <= known->second.forgotten)
      return fail("journal", journal_errc::forgotten,
                  "command " + std::to_string(c.sequence.value) + " is older than what is remembered of its client");
  }
  const auto flight = std::pair(c.client, c.sequence);
  if (in_flight_.contains(flight)) return decide_outcome::in_flight;
  // A client's commands take effect in their order: one that a later one has overtaken comes too late.
  command_sequence newest(0);
  const auto after = in_flight_.upper_bound({c.client, command_sequence(UINT64_MAX)});
  if (after != in_flight_.begin() && std::prev(after)->first == c.client) newest = std::prev(after)->second;
  if (const auto known = clients_.find(c.client); known != clients_.end() && !known->second.replies.empty())
    newest = std::max(newest, known->second.replies.rbegin()->first);
  if (c.sequence < newest)
    return fail("journal", journal_errc::forgotten,
                "command " + std::to_string(c.sequence.value) + " was overtaken by " + std::to_string(newest.value));
  if (batch_full()) return refuse("the batch is full");

  const auto copy = speculative_.find(c.target);
  std::unique_ptr<entity> created;
  const entity* target = copy != speculative_.end() ? copy->second.state.get() : find(c.target);
  if (target == nullptr) {
    created = kind->create(c.target.id);
    target = created.get();
  }
  decided_command d{.client = c.client, .sequence = c.sequence, .target = c.target, .event = {}, .reply = {}};
  auto decision = target->decide(c.body, at);
  if (decision) {
    if (decision->event.size() > event_bytes_max || decision->reply.size() > reply_bytes_max)
      return refuse("what it would cause is larger than an entry may hold");
    d.event = std::move(decision->event);
    d.reply = std::move(decision->reply);
  } else {
    d.refused = true;
    d.reply = decision.error().message.substr(0, reply_bytes_max);
  }
  if (!d.event.empty()) {
    auto& s = copy != speculative_.end() ? copy->second : speculative_[c.target];
    if (!s.state) s.state = created ? std::move(created) : target->clone();
    s.state->apply(d.event);
    ++s.outstanding;
  }
  in_flight_.insert(flight);
  batch_bytes_ += d.event.size() + d.reply.size() + d.target.id.size() + 96;
  batch_.push_back(std::move(d));
  return decide_outcome::decided;
}

bool shard_state::batch_empty() const { return batch_.empty(); }

bool shard_state::batch_full() const {
  return batch_.size() >= limits_.batch_commands_max || batch_bytes_ >= limits_.batch_bytes_max;
}

std::string shard_state::take_batch() {
  SETT_ASSERT(!batch_.empty());
  auto payload = encode_batch(batch_);
  batch_.clear();
  batch_bytes_ = 0;
  return payload;
}

void shard_state::drop_speculation() {
  speculative_.clear();
  in_flight_.clear();
  batch_.clear();
  batch_bytes_ = 0;
}

std::string shard_state::checkpoint_payload() const {
  return encode_checkpoint(last_checkpoint_.value_or(checkpoint{}));
}

void shard_state::remember(const decided_command& c) {
  auto& w = clients_[c.client];
  if (w.last_use != 0) by_use_.erase({w.last_use, c.client});
  w.last_use = ++uses_;
  by_use_.emplace(w.last_use, c.client);
  if (w.replies.emplace(c.sequence, remembered{.reply = c.reply, .refused = c.refused}).second)
    w.reply_bytes += c.reply.size();
  while (w.replies.size() > limits_.sequences_per_client ||
         (w.reply_bytes > limits_.reply_bytes_per_client && w.replies.size() > 1)) {
    const auto oldest = w.replies.begin();
    w.forgotten = std::max(w.forgotten, oldest->first);
    w.reply_bytes -= oldest->second.reply.size();
    w.replies.erase(oldest);
  }
  touch(key_of(c.client));
  while (clients_.size() > limits_.clients_max) {
    const auto oldest = *by_use_.begin();
    by_use_.erase(by_use_.begin());
    clients_.erase(oldest.second);
    touch(key_of(oldest.second));
  }
}

result<std::vector<command_reply>> shard_state::apply(const ports::journal_entry& entry) {
  SETT_ASSERT(entry.index.value == applied_.index.value + 1);
  std::vector<command_reply> replies;
  if (entry.kind == ports::entry_kind::commands) {
    auto batch = decode_batch(entry.payload);
    if (!batch) return std::unexpected(std::move(batch.error()));
    for (const auto& c : *batch)
      if (kinds_->find(c.target.kind) == nullptr)
        return fail("journal", journal_errc::unknown_kind,
                    "entry " + std::to_string(entry.index.value) + ": entity kind " +
                        std::to_string(c.target.kind.value) + " is not known to this build");
    replies.reserve(batch->size());
    for (auto& c : *batch) {
      if (!in_flight_.empty()) in_flight_.erase({c.client, c.sequence});
      if (!c.event.empty() && !speculative_.empty())
        if (const auto s = speculative_.find(c.target); s != speculative_.end() && --s->second.outstanding == 0)
          speculative_.erase(s);
      if (const auto known = clients_.find(c.client); known != clients_.end())
        if (const auto r = known->second.replies.find(c.sequence); r != known->second.replies.end()) {
          // Journalled twice: it takes effect once, and both copies get the first one's reply.
          replies.push_back(
              {.client = c.client, .sequence = c.sequence, .reply = r->second.reply, .refused = r->second.refused});
          continue;
        }
      if (!c.event.empty()) {
        auto& e = entities_[c.target];
        if (!e) e = kinds_->find(c.target.kind)->create(c.target.id);
        e->apply(c.event);
        touch(key_of(c.target));
      }
      remember(c);
      replies.push_back(
          {.client = c.client, .sequence = c.sequence, .reply = std::move(c.reply), .refused = c.refused});
    }
  } else if (entry.kind == ports::entry_kind::checkpoint) {
    const auto theirs = decode_checkpoint(entry.payload);
    if (!theirs) return std::unexpected(theirs.error());
    if (last_checkpoint_ && theirs->index == last_checkpoint_->index && theirs->hash != last_checkpoint_->hash)
      return fail("journal", journal_errc::bad_state,
                  "the state at entry " + std::to_string(theirs->index.value) + " hashes to " +
                      std::to_string(last_checkpoint_->hash) + " here and to " + std::to_string(theirs->hash) +
                      " at the leader: one of them is damaged");
    last_checkpoint_ = checkpoint{.index = entry.index, .hash = hash()};
  }
  applied_ = place_of(entry);
  return replies;
}

shard_state::changes shard_state::take_changes() {
  changes out{.changed = {}, .applied = applied_, .state_hash = hash()};
  out.changed.reserve(unsaved_.size());
  for (const auto& key : unsaved_) {
    std::string value = value_of(key);
    out.changed.push_back({.key = key, .value = value.empty() ? std::nullopt : std::optional(std::move(value))});
  }
  std::sort(out.changed.begin(), out.changed.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  unsaved_.clear();
  return out;
}

std::vector<ports::state_change> shard_state::dump() const {
  std::vector<ports::state_change> out;
  for (const auto& [ref, e] : entities_)
    if (auto value = e->serialise(); !value.empty()) out.push_back({.key = key_of(ref), .value = std::move(value)});
  for (const auto& [client, w] : clients_) out.push_back({.key = key_of(client), .value = serialise(w)});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

} // namespace sett::journal
