// A set of slots as ascending, disjoint, inclusive ranges with a bound on their number: when it is full, the two
// closest ranges become one, so it errs towards holding too much, never too little. Pure; not thread-safe.
#pragma once

#include "messages/protocol/chain_stream.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::ingest {

class slot_ranges {
public:
  explicit slot_ranges(std::size_t ranges_max) : ranges_max_(ranges_max) {}
  void insert(std::uint64_t first, std::uint64_t last);
  void erase(std::uint64_t slot);
  [[nodiscard]] bool contains(std::uint64_t slot) const;
  /// The end of the range that holds `slot`; `slot` itself when none does.
  [[nodiscard]] std::uint64_t end_of(std::uint64_t slot) const;
  [[nodiscard]] const std::vector<protocol::slot_range>& ranges() const { return ranges_; }
  [[nodiscard]] std::uint64_t size() const; // slots

private:
  std::size_t ranges_max_;
  std::vector<protocol::slot_range> ranges_;
};

/// The list of a stream's incomplete slots as it is stored, kind incomplete_kind, id the stream's name: version byte,
/// then per range first and last as 8 bytes each, little endian.
inline constexpr std::string_view incomplete_kind = "incomplete";
[[nodiscard]] std::string encode_ranges(const std::vector<protocol::slot_range>& ranges);
/// Errors: ranges_errc::bad_ranges when the form is another or the ranges are not ascending and disjoint.
enum class ranges_errc : std::uint16_t { ok, bad_ranges };
[[nodiscard]] result<std::vector<protocol::slot_range>> decode_ranges(std::string_view bytes);

} // namespace sett::ingest
