#include "tools/verifier/golden_file_io.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <memory>
#include <zlib.h>

namespace sett::verifier {

result<void> for_each_line(const std::filesystem::path& file,
                           const std::function<bool(const std::string&, std::size_t)>& visit) {
  std::error_code ec;
  if (std::filesystem::is_directory(file, ec))
    return fail("file", file_errc::unreadable, fmt::format("{}: is a folder, give its files", file.string()));
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(file.c_str(), "rb"), gzclose);
  if (!in) return fail("file", file_errc::unreadable, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  std::array<char, 64 * 1024> block;
  std::string line;
  std::size_t number = 0;
  const auto finish_line = [&] {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const bool more = line.empty() || visit(line, number);
    line.clear();
    return more;
  };
  while (true) {
    const int got = gzread(in.get(), block.data(), block.size());
    int status = Z_OK;
    const char* why = gzerror(in.get(), &status);
    if (got < 0 || (status != Z_OK && status != Z_STREAM_END))
      return fail("file", file_errc::unreadable, fmt::format("{}: after line {}: {}", file.string(), number, why));
    if (got == 0) break;
    for (const char* at = block.data(); at < block.data() + got;) {
      const auto left = static_cast<std::size_t>(block.data() + got - at);
      const auto* end = static_cast<const char*>(std::memchr(at, '\n', left));
      const std::size_t take = end != nullptr ? static_cast<std::size_t>(end - at) : left;
      if (line.size() + take > line_bytes_max)
        return fail("file", file_errc::bad_line,
                    fmt::format("{}:{}: the line has over {} bytes", file.string(), number + 1, line_bytes_max));
      line.append(at, take);
      at += take;
      if (end == nullptr) break;
      ++at;
      if (!finish_line()) return {};
    }
  }
  if (!line.empty()) finish_line();
  return {};
}

} // namespace sett::verifier
