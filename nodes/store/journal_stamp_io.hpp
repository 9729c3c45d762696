// A small file beside the journal's database that tells what the database cannot tell about itself:
//  - the number of the last group answered. Written after each sync and before the answers, not synced itself: it
//    survives kill -9 exactly and lags after a power loss, so a database that ends below it has lost answered writes;
//  - that this store is not intact, and why: written and synced when a sync fails or damage is found.
// Both lie in a file of one block that exists in full from the start, so marking works on a full disk. One user at a
// time, no locking.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sett::store {

enum class stamp_fault : std::uint8_t { none, not_intact, unreadable_database };

class journal_stamp {
public:
  /// Opens, or creates and syncs it with its folder. Error: cannot_open with the reason. A file that is not one of ours
  /// is taken as not intact.
  [[nodiscard]] static result<std::unique_ptr<journal_stamp>> open(const std::string& folder);
  /// For reading only; nothing is created. Error: cannot_open.
  [[nodiscard]] static result<std::unique_ptr<journal_stamp>> look(const std::string& folder);
  ~journal_stamp();
  journal_stamp(const journal_stamp&) = delete;
  journal_stamp& operator=(const journal_stamp&) = delete;

  [[nodiscard]] bool created() const { return created_; }
  [[nodiscard]] std::uint64_t group() const { return group_; }
  [[nodiscard]] stamp_fault fault() const { return fault_; }
  [[nodiscard]] const std::string& reason() const { return reason_; } // at most 400 bytes

  /// Never blocks on the disk. A failure is a weaker check at the next start, nothing else.
  void answered(std::uint64_t group);
  /// Synced at best effort; the first reason stays. unreadable_database overrides not_intact.
  void mark(stamp_fault fault, std::string_view reason);
  /// The unreadable database is out of the way: unreadable_database becomes not_intact.
  void set_aside();
  /// Synced. Error: sync_failed.
  [[nodiscard]] result<void> clear(std::uint64_t group);

private:
  journal_stamp(int descriptor, bool created) : descriptor_(descriptor), created_(created) {}
  void read();
  bool write_fault() const;

  int descriptor_;
  bool created_;
  std::uint64_t group_{};
  stamp_fault fault_{stamp_fault::none};
  std::string reason_;
};

} // namespace sett::store
