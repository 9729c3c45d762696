// verify: replays golden sets. See help() for what it prints and when it fails.
#include "tools/verifier/golden_file_io.hpp"
#include "tools/verifier/set_kind.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

namespace sett::verifier {
namespace {

enum exit_code : int { exit_ok = 0, exit_disagreement = 1, exit_usage = 2 };

std::string help() {
  std::string text =
      "Replays golden sets: what the real programs, the real virtual machine and the official libraries did, compared "
      "with\n"
      "what Sett does with the same input.\n\n"
      "A set is a file of JSON lines, gzip'd or plain. Its kind is recognised by content, so it may have any name and "
      "lie\n"
      "anywhere. For each file one line is printed, `set agreed/total`, then its first differences.\n\nSets:\n";
  for (const auto& kind : set_kinds()) text += fmt::format("  {:<22}{}\n", kind.name, kind.about);
  return text;
}

constexpr const char* footer = "\nExit codes: 0 everything agrees, 1 something differs, 2 wrong usage, or a file that "
                               "is unreadable or of an unknown kind.\n\n"
                               "Example:\n  tools/verify golden/tx_vectors.jsonl.gz golden/base58_vectors.jsonl.gz";

/// Calls use(record) for each line until it returns false. An error also for lines that are no JSON or lack fields.
result<void> for_each_record(const std::string& file, const std::function<bool(const record&)>& use) {
  simdjson::dom::parser parser;
  std::string fault;
  std::size_t fault_line = 0;
  const auto read = for_each_line(file, [&](const std::string& line, std::size_t number) {
    simdjson::dom::element element;
    fault_line = number;
    if (const auto error = parser.parse(line).get(element); error != simdjson::SUCCESS) {
      fault = fmt::format("no JSON: {}", simdjson::error_message(error));
      return false;
    }
    const bool more = use(record(element, fault));
    return more && fault.empty();
  });
  if (!read) return read;
  if (!fault.empty()) return fail("file", file_errc::bad_line, fmt::format("{}:{}: {}", file, fault_line, fault));
  return {};
}

void print(std::string_view name, const tally& t) {
  fmt::print("{} {}/{}\n", name, t.agreed, t.total);
  for (const auto& [id, what] : t.first) fmt::print("  {}: {}\n", id, what);
  const auto shown = static_cast<std::uint64_t>(t.first.size());
  if (t.total - t.agreed > shown) fmt::print("  ... and {} more\n", t.total - t.agreed - shown);
}

int verify(const std::string& file) {
  const set_kind* kind = nullptr;
  auto read = for_each_record(file, [&](const record& r) {
    for (const auto& candidate : set_kinds())
      if (kind == nullptr && candidate.recognises(r)) kind = &candidate;
    return kind == nullptr;
  });
  if (read && kind == nullptr) {
    fmt::print(stderr, "verify: {}: not a golden set this program knows; `verify --help` lists them\n", file);
    return exit_usage;
  }
  tally t;
  std::unique_ptr<set_checker> checker;
  if (read) {
    checker = kind->checker();
    read = for_each_record(file, [&](const record& r) {
      checker->check(r, t);
      return true;
    });
  }
  if (!read) {
    fmt::print(stderr, "verify: {}\n", read.error().message);
    return exit_usage;
  }
  print(kind->name, t);
  bool agrees = checker->accepts(t);
  fmt::print("{}", checker->summary());
  for (const auto& [name, part] : t.parts) {
    print(fmt::format("{}, {}", kind->name, name), part);
    agrees = agrees && part.agreed == part.total;
  }
  return agrees ? exit_ok : exit_disagreement;
}

int run(int argc, char** argv) {
  CLI::App app(help(), "verify");
  app.footer(footer);
  std::vector<std::string> files;
  app.add_option("FILE", files, "golden sets to replay")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_ok : exit_usage;
  }
  int worst = exit_ok;
  for (const auto& file : files) {
    worst = std::max(worst, verify(file));
    std::fflush(stdout);
  }
  return worst;
}

} // namespace
} // namespace sett::verifier

int main(int argc, char** argv) { return sett::verifier::run(argc, argv); }
