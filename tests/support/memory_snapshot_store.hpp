// A snapshot store in memory. Asynchronous answers come at once, or when the test says so; writes and reads can be made
// to fail.
#pragma once

#include "messages/ports/snapshot_store.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace sett::test {

class memory_snapshot_store final : public ports::snapshot_store {
public:
  void store_many(std::vector<entry> entries, std::function<void(result<void>)> done) override {
    later([this, entries = std::move(entries), done = std::move(done)] {
      {
        std::scoped_lock lock(mutex_);
        if (!broken_)
          for (const auto& e : entries) {
            if (e.erase)
              values_.erase({e.kind, e.id});
            else
              values_[{e.kind, e.id}] = e.bytes;
            ++stored_;
          }
      }
      if (done) done(broken_ ? result<void>(fail("store", 1, "broken on purpose")) : result<void>());
    });
  }
  void load_async(ports::snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) override {
    later([this, kind = std::string(key.kind), id = std::string(key.id), done = std::move(done)] {
      done(load({kind, id}));
    });
  }
  result<std::optional<std::string>> load(ports::snapshot_key key) override {
    std::scoped_lock lock(mutex_);
    if (broken_) return fail("store", 1, "broken on purpose");
    const auto i = values_.find({std::string(key.kind), std::string(key.id)});
    if (i == values_.end()) return std::optional<std::string>();
    return std::optional<std::string>(i->second);
  }
  result<void> scan(std::string_view kind,
                    const std::function<bool(std::string_view, std::string_view)>& visit) override {
    std::map<std::string, std::string> found;
    {
      std::scoped_lock lock(mutex_);
      for (const auto& [k, v] : values_)
        if (k.first == kind) found[k.second] = v;
    }
    for (const auto& [id, bytes] : found)
      if (!visit(id, bytes)) break;
    return {};
  }

  // --- the test's side
  // ----------------------------------------------------------------------------------------------------
  void hold(bool on) { held_ = on; }
  /// Runs what was held back, in order.
  void release() {
    while (!waiting_.empty()) {
      auto f = std::move(waiting_.front());
      waiting_.pop_front();
      f();
    }
  }
  void break_it(bool on) { broken_ = on; }
  void damage(std::string_view kind, std::string_view id) {
    std::scoped_lock lock(mutex_);
    values_[{std::string(kind), std::string(id)}] = "damaged";
  }
  [[nodiscard]] std::size_t size() const {
    std::scoped_lock lock(mutex_);
    return values_.size();
  }
  [[nodiscard]] std::uint64_t stored() const {
    std::scoped_lock lock(mutex_);
    return stored_;
  }

private:
  void later(std::function<void()> f) {
    if (held_)
      waiting_.push_back(std::move(f));
    else
      f();
  }
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::string> values_;
  std::deque<std::function<void()>> waiting_;
  std::uint64_t stored_{};
  std::atomic<bool> held_{}, broken_{};
};

} // namespace sett::test
