#include "tools/sett/decode_command.hpp"

#include "actors/decode/decoder.hpp"
#include "messages/solana/json_reader.hpp"
#include "tools/sett/event_json.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <ostream>

namespace sett::tools {

namespace {

struct program_counts {
  std::uint64_t swaps{}, balances_agree{}, other_events{}, unknown{};
};

/// Decodes each transaction and writes or counts its events.
class decoding_visitor final : public solana::transaction_visitor {
public:
  decoding_visitor(std::string name, bool summary, std::ostream& out, std::ostream& err)
      : name_(std::move(name)), summary_(summary), out_(out), err_(err) {}

  void transaction(const solana::executed_transaction& tx) override {
    batch_.clear();
    decode::decode_transaction(tx, batch_, statistics_);
    if (summary_) return count();
    text_.clear();
    std::size_t next_unknown = 0;
    for (const auto& event : batch_.events) {
      while (next_unknown < batch_.unknown.size() && batch_.unknown[next_unknown].path < event.path)
        append_unknown_json(text_, batch_, batch_.unknown[next_unknown++]);
      append_event_json(text_, batch_, event);
    }
    while (next_unknown < batch_.unknown.size()) append_unknown_json(text_, batch_, batch_.unknown[next_unknown++]);
    out_ << text_;
  }
  void fault(const error& e) override {
    ++faults_;
    err_ << fmt::format("{}: {}\n", name_, e.message);
  }
  void next_file(std::string name) { name_ = std::move(name); }

  [[nodiscard]] std::uint64_t faults() const { return faults_; }

  void print_summary() const {
    const auto& s = statistics_;
    out_ << fmt::format("transactions {}  votes {}  failed {}  without outcome {}  malformed {}\n", s.transactions,
                        s.votes, s.failed, s.without_meta, s.malformed);
    out_ << fmt::format("instructions {}  decoded {}  known, not decoded {}  unknown programs {}  unknown layouts {}\n",
                        s.instructions, s.decoded, s.known_not_decoded, s.unknown_programs, s.unknown_layouts);
    out_ << "\nevent                     count\n";
    for (const auto& [type, n] : types_) out_ << fmt::format("{:<20} {:>10}\n", type, n);
    out_ << "\nprogram                   swaps  balances agree  other events  unknown layouts\n";
    for (const auto& [program, c] : programs_)
      out_ << fmt::format("{:<20} {:>10} {:>15} {:>13} {:>16}\n", program, c.swaps, c.balances_agree, c.other_events,
                          c.unknown);
  }

private:
  void count() {
    const auto name_of = [](program_kind kind) {
      return kind == program_kind::unknown ? std::string_view{"unknown"} : decode::program(kind).name;
    };
    for (const auto& event : batch_.events) {
      ++types_[type_name(event.payload)];
      auto& c = programs_[name_of(event.program)];
      if (const auto* swap = std::get_if<event::swap>(&event.payload)) {
        ++c.swaps;
        c.balances_agree += swap->balances_agree ? 1U : 0U;
      } else {
        ++c.other_events;
      }
    }
    for (const auto& u : batch_.unknown) ++programs_[name_of(decode::find_program(u.program))].unknown;
  }

  std::string name_;
  bool summary_;
  std::ostream &out_, &err_;
  event_batch batch_;
  std::string text_;
  decode::decode_statistics statistics_;
  std::map<std::string_view, std::uint64_t> types_;
  std::map<std::string_view, program_counts> programs_;
  std::uint64_t faults_{};
};

bool read_whole(std::istream& in, solana::padded_text& text) {
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  text.assign(all);
  return !in.bad();
}

} // namespace

int run_decode(const decode_options& options, std::istream& in, std::ostream& out, std::ostream& err) {
  if (options.files.empty()) {
    err << "decode: name a file, or - for standard input\n";
    return 2;
  }
  bool failed = false;
  decoding_visitor visitor("", options.summary, out, err);
  for (const auto& file : options.files) {
    const std::string name = file == "-" ? "standard input" : file;
    visitor.next_file(name);
    solana::padded_text text;
    bool readable = true;
    if (file == "-") {
      readable = read_whole(in, text);
    } else {
      std::ifstream stream(file, std::ios::binary);
      readable = stream.is_open() && read_whole(stream, text);
    }
    if (!readable) {
      err << fmt::format("{}: cannot be read\n", name);
      failed = true;
      continue;
    }
    solana::read_options read;
    read.slot = slot_number{options.slot};
    const auto info = solana::read_document(text.view(), visitor, read);
    if (!info) {
      err << fmt::format("{}: {}\n", name, info.error().message);
      failed = true;
    }
  }
  if (options.summary) visitor.print_summary();
  return failed || visitor.faults() > 0 ? 1 : 0;
}

} // namespace sett::tools
