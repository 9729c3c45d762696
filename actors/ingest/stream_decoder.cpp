#include "actors/ingest/stream_decoder.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sett::ingest {

using solana::is;
using solana::json_cursor;

namespace {

constexpr std::size_t error_text_max = 200;
constexpr std::size_t slots_max = 500'000; // getBlocks answers at most that many (Agave, rpc/src/rpc.rs, 2024)
constexpr std::size_t envelope_glance = 256;
constexpr std::size_t small_frame = 4096;

/// Large frames name their method near one of their ends; anything else is looked at in full.
bool carries_transactions(std::string_view text) {
  constexpr std::array<std::string_view, 2> methods{"\"blockNotification\"", "\"transactionNotification\""};
  const auto head = text.substr(0, envelope_glance);
  const auto tail = text.substr(text.size() - std::min(text.size(), envelope_glance));
  return std::ranges::any_of(methods, [&](std::string_view m) { return head.contains(m) || tail.contains(m); });
}

} // namespace

/// Turns what the reader visits into updates: a block's transactions into one, single ones into one each.
class stream_decoder::collector final : public solana::stream_visitor {
public:
  collector(update_pool& pool, decoder_counters& counters) : pool_(pool), counters_(counters) {}

  void begin(decoded_frame& out, commitment level, bool block_expected) {
    out_ = &out;
    level_ = level;
    block_expected_ = block_expected;
    in_parts_ = false;
    refusal_.reset();
    current_.reset();
  }
  void transaction(const solana::executed_transaction& tx) override {
    ++counters_.transactions;
    if (!current_) current_ = pool_.take();
    decode::decode_transaction(tx, current_->batch, counters_.decoded);
    if (block_expected_) return;
    current_->slot = tx.slot;
    current_->block_time = tx.block_time;
    current_->commitment = level_;
    current_->transaction_count = 1;
    current_->vote_count = tx.is_vote ? 1 : 0;
    out_->updates.push_back(std::move(current_));
    current_.reset();
  }
  void slot(const slot_update& u) override { out_->slots.push_back(u); }
  void block(const solana::block_header& header) override {
    ++counters_.blocks;
    if (!current_) current_ = pool_.take();
    auto& u = *current_;
    u.slot = header.slot;
    u.parent = header.parent;
    u.height = header.height;
    u.blockhash = header.blockhash;
    u.parent_blockhash = header.parent_blockhash;
    u.block_time = header.time;
    u.commitment = level_;
    u.complete = header.fault_count == 0; // a transaction that could not be read is a hole
    if (in_parts_ && !provable(header.slot)) {
      current_.reset(); // closes nothing
      return;
    }
    u.transaction_count = header.transaction_count;
    u.vote_count = header.vote_count;
    for (auto& t : u.batch.transactions) t.slot = header.slot;
    out_->updates.push_back(std::move(current_));
    current_.reset();
  }
  void fault(const error& e) override {
    if (e.code == static_cast<std::uint16_t>(solana::reader_errc::rpc_error)) {
      refusal_ = e;
      return;
    }
    ++counters_.transaction_faults;
    if (!first_fault_) first_fault_ = e;
  }
  void begin_parts(decoded_frame& out, commitment level) {
    begin(out, level, false);
    in_parts_ = true;
  }
  void begin_connection() { first_slot_ = newest_slot_ = broken_to_ = 0; }
  void saw(slot_number slot) {
    if (first_slot_ == 0) first_slot_ = slot.value;
    newest_slot_ = std::max(newest_slot_, slot.value);
  }
  /// A message was lost: it may have belonged to any slot that is open.
  void broke() { broken_to_ = std::max(broken_to_, newest_slot_ + 1); }
  [[nodiscard]] std::optional<error> take_fault() { return std::exchange(first_fault_, std::nullopt); }

private:
  update_pool& pool_;
  decoder_counters& counters_;
  decoded_frame* out_{};
  commitment level_{};
  bool block_expected_{};
  [[nodiscard]] bool provable(slot_number slot) const { return slot.value > first_slot_ && slot.value > broken_to_; }
  bool in_parts_{};
  std::uint64_t first_slot_{}, newest_slot_{}, broken_to_{};
  std::shared_ptr<block_update> current_;
  std::optional<error> refusal_, first_fault_;
};

stream_decoder::stream_decoder(const options& o, std::shared_ptr<update_pool> pool)
    : options_(o), pool_(std::move(pool)), collector_(std::make_unique<collector>(*pool_, counters_)) {}
stream_decoder::~stream_decoder() = default;

result<void> stream_decoder::admit(std::size_t size) {
  ++counters_.frames;
  counters_.bytes += size;
  if (size <= options_.frame_bytes_max) return {};
  ++counters_.too_large;
  return fail("ingest", ingest_errc::too_large,
              fmt::format("a frame of {} bytes is over the bound of {}", size, options_.frame_bytes_max));
}

std::unexpected<error> stream_decoder::malformed(const error& cause) {
  ++counters_.malformed;
  return fail("ingest", ingest_errc::malformed, "unreadable frame: " + cause.message);
}

result<void> stream_decoder::content(solana::padded_view text, const solana::read_options& how, decoded_frame& out) {
  auto info = reader_.read(text, *collector_, how);
  if (!info) return malformed(info.error());
  if (auto fault = collector_->take_fault(); fault && out.updates.empty()) return malformed(*fault);
  return {};
}

result<void> stream_decoder::pubsub_frame(solana::padded_view text, decoded_frame& out) {
  if (auto ok = admit(text.size()); !ok) return ok;
  bool transactions = text.size() > small_frame && carries_transactions(text.text());
  if (!transactions)
    if (auto ok = envelope(text, out, transactions); !ok) return ok;
  if (!transactions) return {};
  const bool block = text.text().substr(0, envelope_glance).contains("blockNotification") ||
                     !text.text().contains("\"transactionNotification\"");
  collector_->begin(out, options_.level, block);
  return content(text, {}, out);
}

void stream_decoder::begin_connection() { collector_->begin_connection(); }

result<void> stream_decoder::yellowstone_message(std::span<const std::uint8_t> bytes, decoded_frame& out) {
  if (auto ok = admit(bytes.size()); !ok) {
    collector_->broke();
    return ok;
  }
  collector_->begin_parts(out, options_.level);
  auto info = yellowstone_.read(bytes, *collector_);
  for (const auto& u : out.updates)
    if (!u->complete) collector_->saw(u->slot);
  for (const auto& s : out.slots) collector_->saw(s.slot);
  const auto fault = collector_->take_fault();
  if (info && !fault) return {};
  collector_->broke();
  return malformed(info ? *fault : info.error());
}

result<void> stream_decoder::block_reply(solana::padded_view text, slot_number slot, decoded_frame& out) {
  if (auto ok = admit(text.size()); !ok) return ok;
  collector_->begin(out, options_.level, true);
  if (auto ok = content(text, {.slot = slot}, out); !ok) return ok;
  if (!out.updates.empty()) return {};
  bool ignored = false;
  if (auto ok = envelope(text, out, ignored); !ok) return ok;
  if (out.answers.empty()) return malformed({"ingest", 0, "neither a block nor an answer to getBlock"});
  return {};
}

result<void> stream_decoder::transaction_reply(solana::padded_view text, decoded_frame& out) {
  if (auto ok = admit(text.size()); !ok) return ok;
  bool ignored = false;
  if (auto ok = envelope(text, out, ignored); !ok) return ok;
  collector_->begin(out, options_.level, false);
  return content(text, {}, out);
}

result<void> stream_decoder::plain_reply(solana::padded_view text, decoded_frame& out) {
  if (auto ok = admit(text.size()); !ok) return ok;
  bool ignored = false;
  return envelope(text, out, ignored);
}

namespace {

struct notification {
  std::string_view method;
  bool has_method{}, has_id{};
  rpc_answer answer;
  slot_number slot, parent, root;
  bool has_slot{}, has_parent{};
  slot_number context;
  std::string_view log_signature;
  bool log_failed{};
};

/// Keeps short text only and never what could be an address with a key in it: providers put URLs into their messages.
std::string safe_text(std::string_view text) {
  if (text.contains("://")) return "(text with an address left out)";
  return std::string(text.substr(0, error_text_max));
}

bool read_error(json_cursor& c, rpc_answer& a) {
  if (c.at() != '{') return c.skip();
  const bool ok = c.object([&](std::string_view key) {
    if (is(key, "code")) return c.i64(a.error_code);
    if (is(key, "message") && c.at() == '"') {
      std::string_view text;
      if (!c.string(text)) return false;
      a.error_text = safe_text(text);
      return true;
    }
    return c.skip();
  });
  if (ok && a.error_code == 0) a.error_code = -1; // an error without a code is still one
  return ok;
}

bool read_result(json_cursor& c, rpc_answer& a) {
  const char first = c.at();
  if (first >= '0' && first <= '9') return a.has_number = true, c.u64(a.number);
  if (first == 'n') return a.is_null = true, c.skip();
  if (first == '"') {
    std::string_view text;
    if (!c.string(text)) return false;
    a.text = safe_text(text);
    return true;
  }
  if (first == '[') {
    return c.array([&] {
      std::uint64_t slot = 0;
      if (c.at() < '0' || c.at() > '9') return c.skip();
      if (!c.u64(slot)) return false;
      if (a.slots.size() == slots_max) return c.fail(solana::reader_errc::too_many, "too many slots");
      a.slots.emplace_back(slot);
      return true;
    });
  }
  return c.skip();
}

/// params.result of a notification; what it means depends on the method, which may follow.
bool read_notified(json_cursor& c, notification& n) {
  if (c.at() >= '0' && c.at() <= '9') return c.u64(n.root.value); // rootNotification
  if (c.at() != '{') return c.skip();
  return c.object([&](std::string_view key) {
    if (is(key, "slot")) return n.has_slot = true, c.u64(n.slot.value);
    if (is(key, "parent")) return n.has_parent = true, c.u64(n.parent.value);
    if (is(key, "root")) return c.u64(n.root.value);
    if (is(key, "context") && c.at() == '{')
      return c.object([&](std::string_view k) { return is(k, "slot") ? c.u64(n.context.value) : c.skip(); });
    if (is(key, "value") && c.at() == '{')
      return c.object([&](std::string_view k) {
        if (is(k, "signature") && c.at() == '"') return c.string(n.log_signature);
        if (is(k, "err")) return n.log_failed = !c.is_null(), c.skip();
        return c.skip();
      });
    return c.skip();
  });
}

bool read_message(json_cursor& c, notification& n) {
  return c.object([&](std::string_view key) {
    if (is(key, "method") && c.at() == '"') return n.has_method = true, c.string(n.method);
    if (is(key, "id") && c.at() >= '0' && c.at() <= '9') return n.has_id = true, c.u64(n.answer.id);
    if (is(key, "error")) return n.has_id = true, read_error(c, n.answer);
    if (is(key, "result")) return read_result(c, n.answer);
    if (is(key, "params") && c.at() == '{')
      return c.object([&](std::string_view k) { return is(k, "result") ? read_notified(c, n) : c.skip(); });
    return c.skip();
  });
}

} // namespace

result<void> stream_decoder::envelope(solana::padded_view text, decoded_frame& out, bool& content) {
  if (auto ok = document_.index(text); !ok) return malformed(ok.error());
  auto c = document_.root();
  const auto message = [&] {
    notification n;
    if (!read_message(c, n)) return false;
    if (!n.has_method) {
      if (n.has_id)
        out.answers.push_back(std::move(n.answer));
      else
        ++counters_.ignored;
      return true;
    }
    if (is(n.method, "blockNotification") || is(n.method, "transactionNotification")) {
      content = true;
    } else if (is(n.method, "slotNotification") && n.has_slot) {
      out.slots.push_back({n.slot, n.parent, slot_status::processed});
      if (n.root.value != 0) out.root = n.root;
    } else if (is(n.method, "rootNotification") && n.root.value != 0) {
      out.root = n.root;
    } else if (is(n.method, "logsNotification") && !n.log_signature.empty()) {
      log_hit hit{.slot = n.context, .signature = {}, .failed = n.log_failed};
      if (!solana::base58::decode_64(n.log_signature, hit.signature.bytes))
        return c.fail(solana::reader_errc::bad_encoding, "the signature is no base58 of 64 bytes");
      out.logs.push_back(hit);
    } else {
      ++counters_.ignored;
    }
    return true;
  };
  const bool ok = c.at() == '['   ? c.array([&] { return c.at() == '{' ? message() : c.skip(); })
                  : c.at() == '{' ? message()
                                  : c.skip();
  if (!ok) return malformed(document_.describe("ingest"));
  return {};
}

} // namespace sett::ingest
