#include "actors/signer/wallet_folder_io.hpp"

#include "actors/signer/signer_error.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace sett::signer {

namespace {

std::unexpected<error> failed(std::string_view what, const std::string& path) {
  const auto code = errno == ENOENT ? signer_errc::not_found : signer_errc::io;
  return fail(area, code, std::string(what) + " " + path + ": " + std::strerror(errno));
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

/// Reads into `out` until the end; false when there is more than it holds.
bool read_all(int fd, std::span<std::uint8_t> out, std::size_t& used) {
  used = 0;
  for (;;) {
    if (used == out.size()) {
      std::uint8_t more = 0;
      return ::read(fd, &more, 1) == 0;
    }
    const auto n = ::read(fd, out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) return true;
    used += static_cast<std::size_t>(n);
  }
}

bool sync_folder(const std::string& folder) {
  const descriptor d(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return d.get() >= 0 && ::fsync(d.get()) == 0;
}

result<wallet_file> read_wallet(const std::string& path) {
  const auto text = read_small_file(path, wallet_file_bytes_max);
  if (!text) return std::unexpected(text.error());
  auto out = parse_wallet_file(*text);
  if (!out) return fail(area, signer_errc::bad_key_file, path + ": " + out.error().message);
  return out;
}

/// The terminal without echo, as long as it lives.
class quiet_terminal {
public:
  explicit quiet_terminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  quiet_terminal(const quiet_terminal&) = delete;
  quiet_terminal& operator=(const quiet_terminal&) = delete;
  ~quiet_terminal() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool quiet() const { return changed_; }

private:
  int fd_;
  termios before_{};
  bool changed_{};
};

void say(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

result<secret_memory> one_line(int terminal, std::string_view prompt) {
  auto out = secret_memory::make(passphrase_bytes_max + 1);
  if (!out) return out;
  say(terminal, prompt);
  std::size_t used = 0;
  while (used < out->size()) {
    const auto n = ::read(terminal, out->bytes().data() + used, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || out->bytes()[used] == '\n') break;
    ++used;
  }
  say(terminal, "\n");
  out->shrink(used);
  return out;
}

result<secret_memory> checked(result<secret_memory> passphrase) {
  if (passphrase && (passphrase->size() < passphrase_bytes_min || passphrase->size() > passphrase_bytes_max))
    return fail(area, signer_errc::wrong_passphrase,
                "a passphrase has " + std::to_string(passphrase_bytes_min) + " to " +
                    std::to_string(passphrase_bytes_max) + " bytes");
  return passphrase;
}

} // namespace

result<std::vector<wallet_file>> wallet_folder::all() const {
  std::vector<wallet_file> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path_.c_str()), ::closedir);
  if (!folder) {
    if (errno == ENOENT) return out;
    return failed("cannot read", path_);
  }
  constexpr std::string_view ending = ".wallet";
  while (const auto* e = ::readdir(folder.get())) {
    const std::string_view name(e->d_name);
    if (!name.ends_with(ending)) continue;
    const auto stem = name.substr(0, name.size() - ending.size());
    auto wallet = load(stem);
    if (!wallet) return std::unexpected(wallet.error());
    out.push_back(std::move(*wallet));
  }
  std::ranges::sort(out, {}, &wallet_file::name);
  return out;
}

result<wallet_file> wallet_folder::load(std::string_view name) const {
  auto out = read_wallet(file(name));
  if (out && out->name != name)
    return fail(area, signer_errc::bad_key_file, file(name) + " holds a wallet of another name: " + out->name);
  return out;
}

result<void> wallet_folder::create(const wallet_file& wallet) const {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make", path_);
  const auto path = file(wallet.name);
  if (::access(path.c_str(), F_OK) == 0)
    return fail(area, signer_errc::exists, path + " exists already; it is left as it is");
  return replace(wallet);
}

result<void> wallet_folder::replace(const wallet_file& wallet) const {
  return replace_small_file(path_, file(wallet.name), to_file_text(wallet));
}

result<void> wallet_folder::remove(std::string_view name) const {
  if (::unlink(file(name).c_str()) != 0) return failed("cannot remove", file(name));
  if (!sync_folder(path_)) return failed("cannot sync", path_);
  return {};
}

result<secret_memory> read_secret_file(const std::string& path, std::size_t bytes_max) {
  const descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (d.get() < 0) return failed("cannot read", path);
  struct stat about{};
  if (::fstat(d.get(), &about) != 0) return failed("cannot read", path);
  if ((about.st_mode & 077) != 0)
    return fail(area, signer_errc::io, path + " may be read by others; make it yours alone with chmod 600");
  auto out = secret_memory::make(bytes_max);
  if (!out) return out;
  std::size_t used = 0;
  if (!read_all(d.get(), out->bytes(), used))
    return fail(area, signer_errc::io, "cannot read " + path + ", or it is too large");
  out->shrink(used);
  return out;
}

result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (d.get() < 0) return failed("cannot read", path);
  std::string out(bytes_max, '\0');
  std::size_t used = 0;
  if (!read_all(d.get(), {reinterpret_cast<std::uint8_t*>(out.data()), out.size()}, used))
    return fail(area, signer_errc::io, "cannot read " + path + ", or it is too large");
  out.resize(used);
  return out;
}

result<void> replace_small_file(const std::string& folder, const std::string& path, std::string_view text) {
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

result<secret_memory> ask_passphrase(const std::string& file, std::string_view prompt, bool confirm) {
  if (!file.empty()) {
    auto text = read_secret_file(file, passphrase_bytes_max + 2);
    if (!text) return text;
    const auto end = text->text().find_first_of("\r\n");
    if (end != std::string_view::npos) text->shrink(end);
    return checked(std::move(text));
  }
  auto first = checked(ask_secret(prompt));
  if (!first || !confirm) return first;
  const auto second = ask_secret("The same again: ");
  if (!second) return std::unexpected(second.error());
  if (first->text() != second->text())
    return fail(area, signer_errc::wrong_passphrase, "the two passphrases are not the same");
  return first;
}

result<secret_memory> ask_secret(std::string_view prompt) {
  const descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (terminal.get() < 0)
    return fail(area, signer_errc::io,
                "there is no terminal to ask for a secret; give its file (a passphrase's with signer.passphrase_file)");
  const quiet_terminal quiet(terminal.get());
  if (!quiet.quiet()) return fail(area, signer_errc::io, "the terminal does not let its echo be switched off");
  return one_line(terminal.get(), prompt);
}

void randomise(std::span<std::uint8_t> out) {
  SETT_ASSERT(sodium_init() >= 0);
  randombytes_buf(out.data(), out.size());
}

result<void> seal_fresh(wallet_file& wallet, std::span<const std::uint8_t, seed_bytes> seed,
                        std::string_view passphrase) {
  box_salt salt{};
  box_nonce nonce{};
  randomise(salt);
  randomise(nonce);
  return seal(wallet, seed, passphrase, box_cost{}, salt, nonce);
}

} // namespace sett::signer
