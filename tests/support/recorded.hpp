// Recorded documents for tests of readers.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace sett::test {

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3); // some editors' byte order mark
  return text;
}
inline const std::filesystem::path real_block =
    "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json";

/// Keeps what a reader hands over; `each` sees the transactions while they are valid.
struct transaction_collector : solana::transaction_visitor {
  std::function<void(const solana::executed_transaction&)> each;
  std::vector<solana::block_header> blocks;
  std::vector<error> faults;
  std::size_t count{};
  void transaction(const solana::executed_transaction& tx) override {
    ++count;
    if (each) each(tx);
  }
  void block(const solana::block_header& b) override { blocks.push_back(b); }
  void fault(const error& e) override { faults.push_back(e); }
};

} // namespace sett::test
