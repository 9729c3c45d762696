#include "messages/solana/pubsub_reader.hpp"

#include <optional>

namespace sett::solana {
namespace {

constexpr std::size_t log_line_limit = 10'000;
constexpr std::string_view suffix = "Notification";

std::optional<rpc::subscription_kind> kind_of(std::string_view method) {
  if (!method.ends_with(suffix)) return std::nullopt;
  method.remove_suffix(suffix.size());
  using enum rpc::subscription_kind;
  for (const auto kind : {account, program, logs, signature, slot, slots_updates, root, block, transaction})
    if (method == rpc::name(kind)) return kind;
  return std::nullopt;
}

bool brings_transactions(rpc::subscription_kind kind) {
  return kind == rpc::subscription_kind::block || kind == rpc::subscription_kind::transaction;
}

} // namespace

/// The members of a frame, as places.
struct pubsub_reader::envelope {
  std::optional<rpc::request_id> id;
  std::optional<json_cursor> result, error, params;
};

result<document_info> pubsub_reader::read(padded_view frame, stream_visitor& visitor, const read_options& options) {
  info_ = {};
  if (auto indexed = document_.index(frame); !indexed) return std::unexpected(std::move(indexed.error()));
  c_ = document_.root();
  envelope e;
  std::optional<rpc::subscription_kind> kind;
  bool method_known = false, done = false;
  const json_cursor start = c_;
  bool ok = c_.object([&](std::string_view key) {
    if (is(key, "method")) {
      std::string_view method;
      if (!c_.string(method)) return false;
      kind = kind_of(method);
      method_known = true;
      return true;
    }
    if (is(key, "params")) {
      e.params = c_;
      // Servers write the method first; then a block is read where it stands, without stepping over it to find its end.
      if (!kind || !brings_transactions(*kind)) return c_.skip();
      const auto read = transactions_.read(document_, c_, visitor, options);
      if (!read) return false;
      info_ = *read;
      done = true;
      return true;
    }
    if (is(key, "id")) return c_.is_null() ? c_.skip() : c_.quantity(e.id.emplace());
    if (is(key, "result")) e.result = c_;
    if (is(key, "error") && !c_.is_null()) e.error = c_;
    return c_.skip();
  });
  if (ok && !c_.at_end()) ok = c_.fail(reader_errc::malformed, "more than one value in a frame");
  if (ok && kind && e.params && !done) {
    c_ = *e.params;
    if (brings_transactions(*kind)) {
      const auto read = transactions_.read(document_, c_, visitor, options);
      ok = read.has_value();
      if (read) info_ = *read;
      done = true;
    } else {
      ok = notification(e, *kind, visitor);
    }
  } else if (ok && !kind) {
    if (e.error || e.result)
      ok = answer(e, visitor);
    else if (method_known)
      ++info_.other;
    else
      ok = start.fail(reader_errc::missing, "neither an answer nor a notification");
  } else if (ok && !e.params) {
    ok = start.fail(reader_errc::missing, "a notification without params");
  }
  if (!ok) return std::unexpected(document_.describe("pubsub"));
  if (done) visitor.notified(*kind, info_.subscription);
  return info_;
}

bool pubsub_reader::answer(const envelope& e, stream_visitor& visitor) {
  if (e.error) {
    rpc::failure failure;
    c_ = *e.error;
    if (!rpc::read_failure(c_, failure)) return false;
    visitor.refused(e.id, failure);
    return true;
  }
  if (!e.result) return c_.fail(reader_errc::missing, "an answer without a result");
  c_ = *e.result;
  if (!e.id) return c_.fail(reader_errc::missing, "an answer without an id");
  if (c_.at() == 't' || c_.at() == 'f') {
    bool value = false;
    if (!c_.boolean(value)) return false;
    visitor.unsubscribed(*e.id, value);
    return true;
  }
  std::uint64_t subscription = 0;
  if (!c_.quantity(subscription)) return false;
  visitor.subscribed(*e.id, subscription);
  return true;
}

bool pubsub_reader::notification(const envelope& e, rpc::subscription_kind kind, stream_visitor& visitor) {
  // Small frames: find the subscription and the slot first, then read the content.
  std::optional<json_cursor> content, value;
  slot_number slot;
  if (!e.params) return c_.fail(reader_errc::missing, "a notification without params");
  c_ = *e.params;
  const bool ok = c_.object([&](std::string_view key) {
    if (is(key, "subscription")) return c_.quantity(info_.subscription);
    if (is(key, "result")) content = c_;
    return c_.skip();
  });
  if (!ok) return false;
  c_ = *e.params;
  if (!content) return c_.fail(reader_errc::missing, "a notification without a result");
  c_ = *content;
  if (c_.at() == '{') {
    const bool read = c_.object([&](std::string_view key) {
      if (is(key, "context"))
        return c_.object([&](std::string_view name) { return is(name, "slot") ? c_.quantity(slot.value) : c_.skip(); });
      if (is(key, "value")) value = c_;
      return c_.skip();
    });
    if (!read) return false;
  }
  c_ = value ? *value : *content;
  bool read = false;
  switch (kind) {
  case rpc::subscription_kind::slot:
    read = slot_notification(visitor);
    break;
  case rpc::subscription_kind::slots_updates:
    read = slots_update(visitor, info_);
    break;
  case rpc::subscription_kind::root: {
    slot_number rooted;
    read = c_.quantity(rooted.value);
    if (read) visitor.root(rooted);
    break;
  }
  case rpc::subscription_kind::logs:
    read = logs(visitor, slot);
    break;
  case rpc::subscription_kind::signature:
    read = signature(visitor, slot);
    break;
  case rpc::subscription_kind::account:
  case rpc::subscription_kind::program:
    read = account(visitor, slot);
    break;
  case rpc::subscription_kind::block:
  case rpc::subscription_kind::transaction:
    break; // read where they stand
  }
  if (read) visitor.notified(kind, info_.subscription);
  return read;
}

bool pubsub_reader::slot_notification(stream_visitor& visitor) {
  slot_update update;
  slot_number root;
  const bool ok = c_.object([&](std::string_view key) {
    if (is(key, "slot")) return c_.quantity(update.slot.value);
    if (is(key, "parent")) return c_.quantity(update.parent.value);
    if (is(key, "root")) return c_.quantity(root.value);
    return c_.skip();
  });
  if (!ok) return false;
  update.status = slot_status::processed;
  visitor.slot(update);
  if (root.value != 0) visitor.root(root);
  return true;
}

bool pubsub_reader::slots_update(stream_visitor& visitor, document_info& info) {
  slot_update update;
  std::string_view type;
  const bool ok = c_.object([&](std::string_view key) {
    if (is(key, "slot")) return c_.quantity(update.slot.value);
    if (is(key, "parent")) return c_.quantity(update.parent.value);
    if (is(key, "type")) return c_.string(type);
    return c_.skip();
  });
  if (!ok) return false;
  if (type == "firstShredReceived") {
    update.status = slot_status::first_shred_received;
  } else if (type == "completed") {
    update.status = slot_status::completed;
  } else if (type == "frozen") {
    update.status = slot_status::processed;
  } else if (type == "optimisticConfirmation") {
    update.status = slot_status::confirmed;
  } else if (type == "dead") {
    update.status = slot_status::dead;
  } else if (type == "root") {
    visitor.root(update.slot);
    return true;
  } else { // createdBank says nothing that frozen does not say later
    ++info.other;
    return true;
  }
  visitor.slot(update);
  return true;
}

bool pubsub_reader::logs(stream_visitor& visitor, slot_number slot) {
  scratch_.reset();
  logs_update update;
  update.slot = slot;
  const bool ok = c_.object([&](std::string_view key) {
    if (is(key, "signature")) return c_.string(update.signature);
    if (is(key, "err")) return read_transaction_error(c_, update.err);
    if (!is(key, "logs") || c_.is_null()) return c_.skip();
    const char* begin = c_.text() + c_.offset();
    const bool read = c_.array([&] {
      if (scratch_.log_lines.size() == log_line_limit) return c_.fail(reader_errc::too_many, "too many log lines");
      return c_.string(scratch_.log_lines.emplace_back());
    });
    if (read && !scratch_.log_lines.empty()) {
      const auto last = scratch_.log_lines.back();
      scratch_.escaped_logs = {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
    }
    return read;
  });
  if (!ok) return false;
  update.lines = scratch_.logs();
  visitor.logs(update);
  return true;
}

bool pubsub_reader::signature(stream_visitor& visitor, slot_number slot) {
  signature_update update;
  update.slot = slot;
  if (c_.at() == '"') {
    std::string_view text;
    if (!c_.string(text)) return false;
    update.received = text == "receivedSignature";
  } else {
    const bool ok = c_.object(
        [&](std::string_view key) { return is(key, "err") ? read_transaction_error(c_, update.err) : c_.skip(); });
    if (!ok) return false;
  }
  visitor.signature(update);
  return true;
}

bool pubsub_reader::account(stream_visitor& visitor, slot_number slot) {
  account_update update;
  account_fields fields;
  update.slot = slot;
  std::optional<json_cursor> inner;
  const json_cursor start = c_;
  if (c_.is_null()) return c_.fail(reader_errc::wrong_type, "expected an account");
  const bool ok = c_.object([&](std::string_view key) {
    if (is(key, "pubkey")) return read_key(c_, update.key.bytes);
    if (is(key, "account")) inner = c_;
    return c_.skip();
  });
  if (!ok) return false;
  c_ = inner ? *inner : start;
  if (!read_account(c_, fields, data_)) return false;
  update.exists = fields.lamports.value != 0;
  update.owner = fields.owner;
  update.lamports = fields.lamports;
  update.executable = fields.executable;
  update.rent_epoch = fields.rent_epoch;
  update.data = data_;
  update.parsed = fields.parsed;
  update.subscription = info_.subscription;
  visitor.account(update);
  return true;
}

} // namespace sett::solana
