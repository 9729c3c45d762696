#include "nodes/transport/node_keys_io.hpp"

#include "nodes/transport/frame.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sett::transport {

namespace {

constexpr std::string_view key_name = "node.key", next_name = "node.key.next", trusted_name = "trusted_keys";
constexpr std::size_t file_bytes_max = 1U << 20U;

std::unexpected<error> failed(std::string what, const std::string& path) {
  return fail("transport", transport_errc::io, what + " " + path + ": " + std::strerror(errno));
}

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool sync_folder(const std::string& folder) {
  const descriptor d(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return d.get() >= 0 && ::fsync(d.get()) == 0;
}

result<void> replace_file(const std::string& folder, const std::string& path, std::string_view text) {
  const auto beside = path + ".new";
  {
    const descriptor d(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (d.get() < 0) return failed("cannot write", beside);
    if (::fchmod(d.get(), 0600) != 0) return failed("cannot protect", beside);
    while (!text.empty()) {
      const auto n = ::write(d.get(), text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed("cannot write", beside);
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(d.get()) != 0) return failed("cannot sync", beside);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("cannot replace", path);
  if (!sync_folder(folder)) return failed("cannot sync", folder);
  return {};
}

result<std::string> read_file(const std::string& path, bool secret) {
  const descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (d.get() < 0) return failed("cannot read", path);
  struct stat about{};
  if (::fstat(d.get(), &about) != 0) return failed("cannot read", path);
  if (secret && (about.st_mode & 077) != 0)
    return fail("transport", transport_errc::io,
                path + " may be read by others; make it yours alone with chmod 600, or make a new key");
  std::string out;
  std::array<char, 4096> part{};
  for (;;) {
    const auto n = ::read(d.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot read", path);
    if (n == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(n));
    if (out.size() > file_bytes_max)
      return fail("transport", transport_errc::io, path + " is too large for a key file");
  }
}

result<node_key> create_file(const std::string& folder, const std::string& path) {
  if (exists(path)) return fail("transport", transport_errc::key_exists, path + " exists already; it is left as it is");
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make", folder);
  auto key = make_node_key();
  if (!key) return key;
  if (auto ok = replace_file(folder, path, to_file_text(*key)); !ok) return std::unexpected(ok.error());
  return key;
}

result<node_key> load_file(const std::string& path) {
  const auto text = read_file(path, true);
  if (!text) return std::unexpected(text.error());
  auto key = parse_node_key(*text);
  if (!key) return key;
  std::array<char, key_characters + 1> derived{};
  if (::zmq_curve_public(derived.data(), key->secret_key.c_str()) != 0 || key->public_key != derived.data())
    return fail("transport", transport_errc::bad_key, path + ": the public key does not belong to the secret one");
  return key;
}

} // namespace

result<node_key> make_node_key() {
  std::array<char, key_characters + 1> public_key{}, secret_key{};
  do // a key that begins with '-' would be taken for an option wherever people pass it on
    if (::zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
      return fail("transport", transport_errc::io, std::string("cannot make a key: ") + ::zmq_strerror(::zmq_errno()));
  while (public_key[0] == '-');
  return node_key{public_key.data(), secret_key.data()};
}

result<node_key> key_folder::create() const { return create_file(folder_, path(key_name)); }
result<node_key> key_folder::load() const { return load_file(path(key_name)); }
result<node_key> key_folder::create_next() const { return create_file(folder_, path(next_name)); }

result<std::optional<node_key>> key_folder::load_next() const {
  if (!exists(path(next_name))) return std::optional<node_key>();
  auto key = load_file(path(next_name));
  if (!key) return std::unexpected(key.error());
  return std::optional(std::move(*key));
}

result<void> key_folder::promote_next() const {
  if (const auto next = load_next(); !next) return std::unexpected(next.error());
  if (::rename(path(next_name).c_str(), path(key_name).c_str()) != 0)
    return failed("cannot take over", path(next_name));
  if (!sync_folder(folder_)) return failed("cannot sync", folder_);
  return {};
}

result<trusted_keys> key_folder::load_trusted() const {
  if (!exists(path(trusted_name))) return trusted_keys();
  const auto text = read_file(path(trusted_name), false);
  if (!text) return std::unexpected(text.error());
  return trusted_keys::parse(*text);
}

result<void> key_folder::store_trusted(const trusted_keys& keys) const {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make", folder_);
  return replace_file(folder_, path(trusted_name), keys.to_file_text());
}

} // namespace sett::transport
