#include "tools/sett/decode_command.hpp"

#include "actors/decode/decoder.hpp"
#include "actors/market/lp_burns.hpp"
#include "messages/recording/recording.hpp"
#include "messages/solana/json_reader.hpp"
#include "messages/solana/yellowstone_reader.hpp"
#include "tools/sett/event_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <ostream>

namespace sett::tools {

namespace {

constexpr std::string_view area = "decode";
enum class decode_errc : std::uint16_t { ok, unreadable, bad_line, cut_short };

struct program_counts {
  std::uint64_t swaps{}, balances_agree{}, other_events{}, unknown{};
};

/// A file that is no chain data has a fault on every line: this many are told, the rest is counted.
constexpr std::uint64_t told_faults_max = 10;

/// Decodes each transaction and writes or counts its events.
class decoding_visitor final : public solana::stream_visitor {
public:
  decoding_visitor(std::string name, bool summary, std::ostream& out, std::ostream& err)
      : name_(std::move(name)), summary_(summary), out_(out), err_(err) {}

  void transaction(const solana::executed_transaction& tx) override {
    batch_.clear();
    decode::decode_transaction(tx, batch_, statistics_);
    burns_.clear();
    learned_.clear();
    lp_burns_.derive(batch_, batch_.transactions.empty() ? slot_number{} : batch_.transactions[0].slot, burns_,
                     learned_);
    if (!burns_.empty()) market::insert_burns(batch_, burns_);
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
    if (++faults_of_file_ <= told_faults_max) err_ << fmt::format("{}: {}\n", name_, e.message);
  }
  void next_file(std::string name) {
    end_file();
    name_ = std::move(name);
    faults_of_file_ = 0;
  }
  void end_file() {
    if (faults_of_file_ > told_faults_max)
      err_ << fmt::format("{}: {} more that cannot be read\n", name_, faults_of_file_ - told_faults_max);
  }

  [[nodiscard]] std::uint64_t faults() const { return faults_; }
  [[nodiscard]] std::uint64_t transactions() const { return statistics_.transactions; }

  void print_summary() const {
    const auto& s = statistics_;
    out_ << fmt::format("transactions {}  votes {}  failed {}  without outcome {}  malformed {}\n", s.transactions,
                        s.votes, s.failed, s.without_meta, s.malformed);
    out_ << fmt::format("instructions {}  decoded {}  known, not decoded {}  unknown programs {}  unknown layouts {}\n",
                        s.instructions, s.decoded, s.known_not_decoded, s.unknown_programs, s.unknown_layouts);
    if (types_.empty() && programs_.empty()) return;
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
  market::lp_burns lp_burns_;
  std::vector<market::lp_burns::burn> burns_;
  std::vector<market::lp_burns::learned_mint> learned_;
  std::map<std::string_view, std::uint64_t> types_;
  std::map<std::string_view, program_counts> programs_;
  std::uint64_t faults_{}, faults_of_file_{};
};

result<std::string> read_whole(const std::string& file, std::istream& standard_input) {
  if (file == "-") return std::string{std::istreambuf_iterator<char>(standard_input), {}};
  std::error_code code;
  if (std::filesystem::is_directory(file, code))
    return fail(area, decode_errc::unreadable, "it is a folder; name its files: " + file + "/*.json");
  std::ifstream stream(file, std::ios::binary);
  if (!stream.is_open())
    return fail(area, decode_errc::unreadable, fmt::format("cannot be read: {}", std::strerror(errno)));
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

/// What was received, frame by frame. Error: a line that is none, with its number; what stood before it is decoded.
result<void> decode_recording(std::string_view text, decoding_visitor& visitor, const solana::read_options& read) {
  solana::padded_text payload;
  solana::yellowstone_reader yellowstone;
  std::uint64_t line_number = 0;
  bool ended = false;
  while (!text.empty()) {
    ++line_number;
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = recording::decode(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line) return fail(area, decode_errc::bad_line, fmt::format("line {}: {}", line_number, line.error().message));
    ended = std::holds_alternative<recording::end_mark>(*line);
    const auto* frame = std::get_if<recording::frame>(&*line);
    if (frame == nullptr || frame->direction == recording::direction::sent) continue;
    result<solana::document_info> info;
    if (frame->channel == recording::channel::grpc) {
      info = yellowstone.read({reinterpret_cast<const std::uint8_t*>(frame->payload.data()), frame->payload.size()},
                              visitor, read);
    } else {
      payload.assign(frame->payload);
      info = solana::read_document(payload.view(), visitor, read);
    }
    // A frame may be anything that the endpoint said: one that cannot be read does not end the recording.
    if (!info)
      visitor.fault({area, static_cast<std::uint16_t>(decode_errc::bad_line),
                     fmt::format("line {}: {}", line_number, info.error().message)});
  }
  if (!ended) return fail(area, decode_errc::cut_short, "the recording was cut short; what is there was decoded");
  return {};
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
    solana::read_options read;
    read.slot = slot_number{options.slot};
    const auto decode = [&](const std::string& all) -> result<void> {
      if (recording::looks_like_recording(all)) return decode_recording(all, visitor, read);
      solana::padded_text text;
      text.assign(all);
      if (const auto info = solana::read_document(text.view(), visitor, read); !info)
        return std::unexpected(info.error());
      return {};
    };
    const auto before = visitor.transactions() + visitor.faults();
    const auto all = read_whole(file, in);
    const auto done = all ? decode(*all) : result<void>(std::unexpected(all.error()));
    if (!done) {
      err << fmt::format("{}: {}\n", name, done.error().message);
      failed = true;
    } else if (visitor.transactions() + visitor.faults() == before) {
      err << fmt::format("{}: there is no transaction in it\n", name);
    }
  }
  visitor.end_file();
  if (options.summary) visitor.print_summary();
  return failed || visitor.faults() > 0 ? 1 : 0;
}

} // namespace sett::tools
