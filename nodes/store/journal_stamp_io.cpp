#include "nodes/store/journal_stamp_io.hpp"

#include "messages/ports/journal_store.hpp"
#include "nodes/store/journal_layout.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace sett::store {

namespace {

constexpr std::size_t file_size = 4096, group_at = 0, group_size = 12, fault_at = 512, fault_size = 512;
constexpr std::size_t reason_size_max = 400;

bool write_at(int descriptor, std::string_view bytes, std::size_t at) {
  return ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(bytes.size());
}

void sync_folder(const std::string& folder) {
  if (const int d = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); d >= 0) {
    ::fsync(d);
    ::close(d);
  }
}

} // namespace

result<std::unique_ptr<journal_stamp>> journal_stamp::open(const std::string& folder) {
  const auto path = folder + "/stamp";
  const auto failed = [&] {
    return fail("journal_store", ports::journal_store_errc::cannot_open,
                "cannot open " + path + ": " + std::strerror(errno));
  };
  int d = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool created = d < 0 && errno == ENOENT;
  if (created) {
    // Filled under another name first: a crash in between leaves no half stamp.
    const auto draft = path + ".new";
    d = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (d < 0) return failed();
    std::string block(file_size, '\0');
    block.replace(group_at, group_size, encode(std::uint64_t{0}));
    if (!write_at(d, block, 0) || ::fsync(d) != 0 || ::rename(draft.c_str(), path.c_str()) != 0) {
      auto e = failed();
      ::close(d);
      return e;
    }
    sync_folder(folder);
  }
  if (d < 0) return failed();
  std::unique_ptr<journal_stamp> stamp(new journal_stamp(d, created));
  stamp->read();
  return stamp;
}

result<std::unique_ptr<journal_stamp>> journal_stamp::look(const std::string& folder) {
  const int d = ::open((folder + "/stamp").c_str(), O_RDONLY | O_CLOEXEC);
  if (d < 0)
    return fail("journal_store", ports::journal_store_errc::cannot_open,
                "cannot read " + folder + "/stamp: " + std::strerror(errno));
  std::unique_ptr<journal_stamp> stamp(new journal_stamp(d, false));
  stamp->read();
  return stamp;
}

journal_stamp::~journal_stamp() { ::close(descriptor_); }

void journal_stamp::read() {
  std::string block(file_size, '\0');
  const auto got = ::pread(descriptor_, block.data(), block.size(), 0);
  const std::string_view bytes(block);
  const auto group = decode_number(bytes.substr(group_at, group_size));
  if (got != static_cast<ssize_t>(file_size) || !group) {
    fault_ = stamp_fault::not_intact;
    reason_ = "the stamp beside the database is damaged";
    return;
  }
  group_ = *group;
  const auto kind = static_cast<std::uint8_t>(bytes[fault_at]);
  if (kind == 0) return;
  fault_ = kind == static_cast<std::uint8_t>(stamp_fault::unreadable_database) ? stamp_fault::unreadable_database
                                                                               : stamp_fault::not_intact;
  reason_ = bytes.substr(fault_at + 1, reason_size_max);
  reason_.resize(std::strlen(reason_.c_str()));
}

void journal_stamp::answered(std::uint64_t group) {
  group_ = group;
  static_cast<void>(write_at(descriptor_, encode(group), group_at));
}

bool journal_stamp::write_fault() const {
  std::string block(fault_size, '\0');
  block[0] = static_cast<char>(fault_);
  block.replace(1, reason_.size(), reason_);
  return write_at(descriptor_, block, fault_at) && ::fsync(descriptor_) == 0;
}

void journal_stamp::mark(stamp_fault fault, std::string_view reason) {
  if (fault_ == stamp_fault::none || fault > fault_) {
    fault_ = fault;
    reason_ = reason.substr(0, reason_size_max);
  }
  static_cast<void>(write_fault());
}

void journal_stamp::set_aside() {
  if (fault_ != stamp_fault::unreadable_database) return;
  fault_ = stamp_fault::not_intact;
  static_cast<void>(write_fault());
}

result<void> journal_stamp::clear(std::uint64_t group) {
  answered(group);
  fault_ = stamp_fault::none;
  reason_.clear();
  if (write_fault()) return {};
  return fail("journal_store", ports::journal_store_errc::sync_failed,
              std::string("cannot write the stamp beside the journal: ") + std::strerror(errno));
}

} // namespace sett::store
