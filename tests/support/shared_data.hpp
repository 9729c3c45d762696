// Where recorded mainnet data lies: $SETT_DATA, else ../shared next to the project. Tests that need it skip loudly
// without it, or fail when SETT_REQUIRE_DATA=1 (tools/test --require-data).
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sett::test {

inline std::filesystem::path shared_folder() {
  if (const char* set = std::getenv("SETT_DATA")) return set;
  return std::filesystem::path(SETT_SOURCE_DIR) / ".." / "shared";
}
inline bool data_required() { // NOLINT: tests may read the environment
  const char* v = std::getenv("SETT_REQUIRE_DATA");
  return v != nullptr && std::string(v) == "1";
}

} // namespace sett::test

/// First statement of a test that needs recorded data; `path` is relative to the shared folder.
#define SETT_NEEDS_DATA(path)                                                                                          \
  if (!std::filesystem::exists(::sett::test::shared_folder() / (path))) {                                              \
    if (::sett::test::data_required()) FAIL() << "recorded data is required: " << (path);                              \
    GTEST_SKIP() << "needs recorded data: " << (path);                                                                 \
  }                                                                                                                    \
  static_assert(true)
