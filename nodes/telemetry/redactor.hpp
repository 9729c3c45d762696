// The second line of defence for secrets: known secret texts are replaced wherever text leaves the process (log, API).
// The first is that config::secret has no text form; this one catches a library that quotes an address in its error.
// Pure, immutable after construction, so thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::telemetry {

class redactor {
public:
  redactor() = default;
  /// Each secret as a whole, and of addresses also the parts that carry keys: path segments, query values and user
  /// information of 8 characters or more. Texts below 6 characters are not replaced: they would match by chance.
  explicit redactor(std::span<const std::string> secrets);

  /// Replaces every known secret by "[secret]".
  [[nodiscard]] std::string clean(std::string text) const;

private:
  std::vector<std::string> parts_; // longest first
};

} // namespace sett::telemetry
