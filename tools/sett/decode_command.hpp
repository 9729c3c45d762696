// `sett decode FILE... | -`: whatever holds executed transactions in (getTransaction, getBlock, notifications, NDJSON,
// wire bytes, a recording of `sett record`), events out as NDJSON, or a table of counts with --summary. Reads each
// input whole before decoding.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace sett::tools {

struct decode_options {
  std::vector<std::string> files; // "-": standard input
  bool summary{};                 // a table instead of lines
  std::uint64_t slot{};           // where a document does not say (getBlock's result)
};

/// 0 all read; 1 a file or a transaction could not be read (the fault and its place on `err`, the rest is still
/// decoded); 2 no file named.
int run_decode(const decode_options& options, std::istream& in, std::ostream& out, std::ostream& err);

} // namespace sett::tools
