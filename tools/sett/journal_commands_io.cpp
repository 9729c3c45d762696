#include "tools/sett/journal_commands_io.hpp"

#include "nodes/store/journal_inspect_io.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <ostream>

namespace sett::tools {
namespace json = boost::json;
using protocol::control::column;
using protocol::control::form;

namespace {

constexpr std::array shard_columns{
    column{"shard", "SHARD", form::count},     column{"epoch", "PROMISED", form::count},
    column{"cut", "CUT", form::count},         column{"applied", "STATE AT", form::count},
    column{"last", "LAST", form::count},       column{"entries", "ENTRIES", form::count},
    column{"bytes", "BYTES", form::amount},    column{"state_entries", "IN STATE", form::count},
    column{"state_hash", "STATE HASH"},        column{"generation", "GENERATION", form::count, true},
    column{"born", "BORN", form::count, true}, column{"data_loss", "LOSSES", form::count, true},
    column{"faults", "FAULTS", form::count},
};
constexpr std::array entry_columns{
    column{"shard", "SHARD", form::count},
    column{"epoch", "EPOCH", form::count},
    column{"index", "INDEX", form::count},
    column{"kind", "KIND"},
    column{"bytes", "BYTES", form::count},
    column{"crc", "CRC"},
    column{"chain", "CHAIN"},
    column{"payload", "PAYLOAD", form::text, true},
};

std::string folder_of(const journal_options& o) {
  std::error_code ignored;
  const auto below = o.folder + "/journal";
  return !std::filesystem::exists(o.folder + "/db", ignored) && std::filesystem::exists(below + "/db", ignored)
             ? below
             : o.folder;
}
std::optional<shard_id> shard_of(const journal_options& o) {
  if (!o.shard) return std::nullopt;
  return shard_id{*o.shard};
}

std::string_view name_of(ports::entry_kind kind) {
  switch (kind) {
  case ports::entry_kind::epoch_start:
    return "epoch_start";
  case ports::entry_kind::commands:
    return "commands";
  case ports::entry_kind::checkpoint:
    return "checkpoint";
  }
  return "?";
}

std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<std::uint8_t>(c));
  return out;
}

json::object row_of(const store::inspected_shard& s) {
  json::array faults;
  for (const auto& f : s.faults) faults.emplace_back(f);
  return {{"shard", s.shard.value},
          {"epoch", s.meta.promised.value},
          {"cut", s.meta.cut.index.value},
          {"applied", s.meta.applied.index.value},
          {"last", s.last.value},
          {"entries", s.entries},
          {"bytes", s.bytes},
          {"state_entries", s.state_entries},
          {"state_hash", fmt::format("{:016x}", s.meta.state_hash)},
          {"generation", s.meta.generation},
          {"born", s.meta.born.value},
          {"data_loss", s.meta.data_loss},
          {"faults", s.faults.size()},
          {"fault_texts", std::move(faults)}};
}

} // namespace

int journal_verify_command(const command_context& c, const journal_options& o) {
  const auto report_of =
      store::inspect_journal(folder_of(o), shard_of(o), [](shard_id, const ports::journal_entry&) {});
  if (!report_of) return report(c, exit_failed, report_of.error().message);
  json::array rows;
  for (const auto& s : report_of->shards) rows.emplace_back(row_of(s));
  c.out << render_rows(rows, shard_columns, c.table());
  for (const auto& f : report_of->faults) c.err << "sett: " << f << '\n';
  for (const auto& s : report_of->shards)
    for (const auto& f : s.faults) c.err << "sett: " << f << '\n';
  if (!report_of->not_intact.empty()) c.err << "sett: not intact: " << report_of->not_intact << '\n';
  if (!report_of->whole()) return exit_failed;
  if (c.form == output_form::table || c.form == output_form::wide) {
    const auto& f = report_of->facts;
    c.out << fmt::format("whole: {} shards, group {}{}\n", rows.size(), report_of->group,
                         f ? fmt::format(", {}@{} of cluster {}", f->node.view(), f->incarnation.value, f->cluster)
                           : ", no node's facts yet");
  }
  return exit_ok;
}

int journal_dump_command(const command_context& c, const journal_options& o) {
  json::array rows;
  std::uint64_t more = 0;
  const auto report_of = store::inspect_journal(folder_of(o), shard_of(o), [&](shard_id s, const auto& e) {
    if (rows.size() >= o.limit) {
      ++more;
      return;
    }
    rows.emplace_back(json::object{{"shard", s.value},
                                   {"epoch", e.epoch.value},
                                   {"index", e.index.value},
                                   {"kind", name_of(e.kind)},
                                   {"bytes", e.payload.size()},
                                   {"crc", fmt::format("{:08x}", e.crc)},
                                   {"chain", fmt::format("{:016x}", e.chain)},
                                   {"payload", hex(e.payload)}});
  });
  if (!report_of) return report(c, exit_failed, report_of.error().message);
  c.out << render_rows(rows, entry_columns, c.table());
  if (more > 0) c.err << fmt::format("sett: {} more entries; --limit shows more\n", more);
  for (const auto& s : report_of->shards)
    for (const auto& f : s.faults) c.err << "sett: " << f << '\n';
  return report_of->whole() ? exit_ok : exit_failed;
}

} // namespace sett::tools
