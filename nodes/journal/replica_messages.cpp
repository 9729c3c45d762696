#include "nodes/journal/replica_messages.hpp"

#include "messages/schema/replication_generated.h"
#include "messages/schema/rows.hpp"
#include "nodes/journal/shard_record.hpp"

#include <array>
#include <utility>

namespace sett::journal {

namespace {

static_assert(std::variant_size_v<replica_message> == packet_kind_last - packet_kind_first + 1);

constexpr std::array<std::string_view, std::variant_size_v<replica_message>> names = {
    "begin", "begun", "append", "ack", "refuse", "take_over", "snapshot_offer", "snapshot_pull", "snapshot_chunk"};

using builder = flatbuffers::FlatBufferBuilder;

fb::JournalPlace to_fb(const ports::journal_place& p) { return {p.epoch.value, p.index.value, p.chain}; }
ports::journal_place from_fb(const fb::JournalPlace& p) {
  return {.epoch = epoch_number(p.epoch()), .index = journal_index(p.index()), .chain = p.chain()};
}

std::span<const std::uint8_t> bytes_of(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}
std::string_view text_of(const flatbuffers::Vector<std::uint8_t>* v) {
  if (v == nullptr) return {};
  return {reinterpret_cast<const char*>(v->data()), v->size()};
}
auto put(builder& b, std::string_view s) { return b.CreateVector(bytes_of(s).data(), s.size()); }

template <class Table>
std::string finish(builder& b, flatbuffers::Offset<Table> root) {
  b.Finish(root);
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

struct encoder {
  std::uint16_t shard;

  std::string operator()(const begin_message& m) const {
    builder b(256 + m.epochs.size() * sizeof(fb::JournalPlace));
    std::vector<fb::JournalPlace> epochs;
    epochs.reserve(m.epochs.size());
    for (const auto& p : m.epochs) epochs.push_back(to_fb(p));
    const auto list = b.CreateVectorOfStructs(epochs);
    const auto cut = to_fb(m.cut);
    return finish(b, fb::CreateReplicaBegin(b, shard, m.epoch.value, &cut, list));
  }
  std::string operator()(const begun_message& m) const {
    builder b(128);
    return finish(b, fb::CreateReplicaBegun(b, shard, m.epoch.value, m.matched.value, m.needs_snapshot));
  }
  std::string operator()(const append_message& m) const {
    std::size_t bytes = 256;
    for (const auto& e : m.entries) bytes += e->payload.size() + 64;
    builder b(bytes);
    std::vector<flatbuffers::Offset<fb::JournalEntry>> entries;
    entries.reserve(m.entries.size());
    for (const auto& e : m.entries) {
      const auto payload = put(b, e->payload);
      entries.push_back(
          fb::CreateJournalEntry(b, e->epoch.value, static_cast<std::uint8_t>(e->kind), e->crc, e->chain, payload));
    }
    const auto list = b.CreateVector(entries);
    const auto previous = to_fb(m.previous);
    return finish(b, fb::CreateReplicaAppend(b, shard, m.epoch.value, &previous, list, m.high_watermark.value,
                                             m.floor.value, m.probe));
  }
  std::string operator()(const ack_message& m) const {
    builder b(128);
    return finish(b, fb::CreateReplicaAck(b, shard, m.epoch.value, m.matched.value, m.incarnation.value, m.stored.value,
                                          m.high_watermark.value, m.probe));
  }
  std::string operator()(const refuse_message& m) const {
    builder b(64);
    return finish(b, fb::CreateReplicaRefuse(b, shard, m.promised.value));
  }
  std::string operator()(const take_over_message& m) const {
    builder b(64);
    return finish(b, fb::CreateReplicaTakeOver(b, shard, m.epoch.value, m.end.value, m.revision));
  }
  std::string operator()(const snapshot_offer_message& m) const {
    builder b(256);
    const auto at = to_fb(m.manifest.at);
    return finish(b, fb::CreateReplicaSnapshotOffer(b, shard, m.epoch.value, &at, m.manifest.state_hash,
                                                    m.manifest.bytes, m.manifest.chunk_bytes, m.manifest.export_id));
  }
  std::string operator()(const snapshot_pull_message& m) const {
    builder b(128);
    return finish(b, fb::CreateReplicaSnapshotPull(b, shard, m.epoch.value, m.export_id, m.first, m.count));
  }
  std::string operator()(const snapshot_chunk_message& m) const {
    builder b(256 + m.bytes.size());
    const auto bytes = put(b, m.bytes);
    return finish(b, fb::CreateReplicaSnapshotChunk(b, shard, m.epoch.value, m.export_id, m.chunk, bytes));
  }
};

std::unexpected<error> bad(std::string_view what, std::string_view why) {
  return fail("journal", journal_errc::bad_message, std::string(what) + " message: " + std::string(why));
}

/// The verified root, or nullptr.
template <class Table>
const Table* root_of(std::string_view body) {
  if (body.size() < 8 || body.size() > ports::body_bytes_max) return nullptr;
  const auto* data = reinterpret_cast<const std::uint8_t*>(body.data());
  flatbuffers::Verifier verifier(data, body.size(), 8, 3 * append_entries_max);
  if (!verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Table>(data);
}

constexpr std::uint64_t number_max = std::uint64_t{1} << 62; // of epochs and indexes: arithmetic on them cannot wrap

bool sane(const ports::journal_place& p) {
  return p.epoch.value < number_max && p.index.value < number_max && (p.index.value == 0) == (p.epoch.value == 0);
}

result<replica_message> read_begin(const fb::ReplicaBegin& t) {
  begin_message m{.epoch = epoch_number(t.epoch()), .cut = {}, .epochs = {}};
  if (t.cut() == nullptr || t.epochs() == nullptr) return bad("begin", "cut or epochs are missing");
  m.cut = from_fb(*t.cut());
  if (!sane(m.cut)) return bad("begin", "cut is no place");
  if (t.epochs()->size() == 0 || t.epochs()->size() > epochs_max) return bad("begin", "epochs are none or too many");
  m.epochs.reserve(t.epochs()->size());
  auto before = m.cut;
  for (const auto p : fb::rows(t.epochs())) {
    const auto place = from_fb(p);
    const bool first = m.epochs.empty();
    if (!sane(place) || place.index <= before.index || place.epoch < before.epoch ||
        (!first && place.epoch == before.epoch))
      return bad("begin", "epochs do not ascend");
    m.epochs.push_back(place);
    before = place;
  }
  if (m.epochs.back().epoch != m.epoch) return bad("begin", "the last epoch is not the message's");
  return m;
}

result<replica_message> read_append(const fb::ReplicaAppend& t) {
  append_message m{.epoch = epoch_number(t.epoch()),
                   .previous = {},
                   .entries = {},
                   .high_watermark = journal_index(t.high_watermark()),
                   .floor = journal_index(t.floor()),
                   .probe = t.probe()};
  if (t.previous() == nullptr || t.entries() == nullptr) return bad("append", "previous or entries are missing");
  m.previous = from_fb(*t.previous());
  if (!sane(m.previous)) return bad("append", "previous is no place");
  if (t.entries()->size() > append_entries_max) return bad("append", "too many entries");
  m.entries.reserve(t.entries()->size());
  auto index = m.previous.index.value;
  auto epoch = m.previous.epoch.value;
  for (const auto* e : *t.entries()) {
    if (e->epoch() < epoch || e->epoch() > m.epoch.value) return bad("append", "entries' epochs do not ascend");
    if (e->kind() < static_cast<std::uint8_t>(ports::entry_kind::epoch_start) ||
        e->kind() > static_cast<std::uint8_t>(ports::entry_kind::checkpoint))
      return bad("append", "an entry's kind is unknown");
    const auto payload = text_of(e->payload());
    if (payload.size() > payload_bytes_max) return bad("append", "an entry is too large");
    epoch = e->epoch();
    m.entries.push_back(
        std::make_shared<const ports::journal_entry>(ports::journal_entry{.epoch = epoch_number(epoch),
                                                                          .index = journal_index(++index),
                                                                          .kind = ports::entry_kind(e->kind()),
                                                                          .crc = e->crc(),
                                                                          .chain = e->chain(),
                                                                          .payload = std::string(payload)}));
  }
  return m;
}

result<replica_message> read_offer(std::uint16_t shard, const fb::ReplicaSnapshotOffer& t) {
  if (t.at() == nullptr) return bad("snapshot_offer", "the place is missing");
  snapshot_offer_message m{.epoch = epoch_number(t.epoch()),
                           .manifest = {.shard = shard_id(shard),
                                        .at = from_fb(*t.at()),
                                        .state_hash = t.state_hash(),
                                        .bytes = t.bytes(),
                                        .chunk_bytes = t.chunk_bytes(),
                                        .export_id = t.export_id()}};
  if (!sane(m.manifest.at)) return bad("snapshot_offer", "the place is none");
  if (m.manifest.chunk_bytes == 0 || m.manifest.chunk_bytes > chunk_bytes_max)
    return bad("snapshot_offer", "chunk_bytes is out of range");
  if (m.manifest.bytes / m.manifest.chunk_bytes >= std::uint64_t{1} << 31U)
    return bad("snapshot_offer", "more chunks than can be counted");
  return m;
}

} // namespace

std::string_view name_of(const replica_message& m) { return names[m.index()]; }

epoch_number epoch_of(const replica_message& m) {
  return std::visit(
      [](const auto& v) {
        if constexpr (requires { v.promised; })
          return v.promised;
        else
          return v.epoch;
      },
      m);
}

std::string encode(shard_id shard, const replica_message& m) { return std::visit(encoder{shard.value}, m); }

result<shard_message> decode_message(ports::packet_kind kind, std::string_view body) {
  const auto unreadable = [&] {
    const bool known = kind.value >= packet_kind_first && kind.value <= packet_kind_last;
    return bad(known ? names[kind.value - packet_kind_first] : std::string_view("unknown"),
               known ? "the buffer does not verify" : "no message between replicas has this kind");
  };
  const auto wrap = [&](std::uint16_t shard, result<replica_message> m) -> result<shard_message> {
    if (!m) return std::unexpected(std::move(m.error()));
    const auto epoch = epoch_of(*m).value;
    if (epoch == 0 || epoch >= number_max) return bad(name_of(*m), "the epoch is out of range");
    return shard_message{.shard = shard_id(shard), .message = std::move(*m)};
  };
  const auto index = [&](std::string_view what, std::uint64_t value, replica_message m) -> result<replica_message> {
    if (value >= number_max) return bad(what, "an index is out of range");
    return m;
  };
  switch (kind.value) {
  case 100:
    if (const auto* t = root_of<fb::ReplicaBegin>(body)) return wrap(t->shard(), read_begin(*t));
    break;
  case 101:
    if (const auto* t = root_of<fb::ReplicaBegun>(body))
      return wrap(t->shard(), index("begun", t->matched(),
                                    begun_message{.epoch = epoch_number(t->epoch()),
                                                  .matched = journal_index(t->matched()),
                                                  .needs_snapshot = t->needs_snapshot()}));
    break;
  case 102:
    if (const auto* t = root_of<fb::ReplicaAppend>(body)) return wrap(t->shard(), read_append(*t));
    break;
  case 103:
    if (const auto* t = root_of<fb::ReplicaAck>(body))
      return wrap(t->shard(), index("ack", std::max({t->matched(), t->stored(), t->high_watermark()}),
                                    ack_message{.epoch = epoch_number(t->epoch()),
                                                .matched = journal_index(t->matched()),
                                                .incarnation = incarnation_number(t->incarnation()),
                                                .stored = journal_index(t->stored()),
                                                .high_watermark = journal_index(t->high_watermark()),
                                                .probe = t->probe()}));
    break;
  case 104:
    if (const auto* t = root_of<fb::ReplicaRefuse>(body))
      return wrap(t->shard(), refuse_message{.promised = epoch_number(t->promised())});
    break;
  case 105:
    if (const auto* t = root_of<fb::ReplicaTakeOver>(body))
      return wrap(t->shard(), take_over_message{.epoch = epoch_number(t->epoch()),
                                                .end = journal_index(t->end()),
                                                .revision = t->revision()});
    break;
  case 106:
    if (const auto* t = root_of<fb::ReplicaSnapshotOffer>(body)) return wrap(t->shard(), read_offer(t->shard(), *t));
    break;
  case 107:
    if (const auto* t = root_of<fb::ReplicaSnapshotPull>(body)) {
      if (t->first() >= 1U << 31U) return bad("snapshot_pull", "the chunk is out of range");
      return wrap(t->shard(), snapshot_pull_message{.epoch = epoch_number(t->epoch()),
                                                    .export_id = t->export_id(),
                                                    .first = t->first(),
                                                    .count = t->count()});
    }
    break;
  case 108:
    if (const auto* t = root_of<fb::ReplicaSnapshotChunk>(body)) {
      const auto bytes = text_of(t->bytes());
      if (bytes.size() > chunk_bytes_max) return bad("snapshot_chunk", "the chunk is too large");
      return wrap(t->shard(), snapshot_chunk_message{.epoch = epoch_number(t->epoch()),
                                                     .export_id = t->export_id(),
                                                     .chunk = t->chunk(),
                                                     .bytes = std::string(bytes)});
    }
    break;
  default:
    break;
  }
  return unreadable();
}

} // namespace sett::journal
