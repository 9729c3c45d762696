#include "nodes/store/watched_files_io.hpp"

#include <utility>

namespace sett::store {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus refused_write(watched_files& w) {
  switch (w.faults->disk()) {
  case disk_fault::full:
    return IOStatus::NoSpace("No space left on device (fault)");
  case disk_fault::read_only:
    return IOStatus::IOError("Read-only file system (fault)");
  case disk_fault::write_error:
    return IOStatus::IOError("Input/output error (fault)");
  case disk_fault::sync_error:
  case disk_fault::none:
    break;
  }
  return IOStatus::OK();
}

class watched_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  watched_file(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<watched_files> watched)
      : FSWritableFileOwnerWrapper(std::move(file)), watched_(std::move(watched)) {}

  IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return target()->Append(data, o, d);
  }
  IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                  IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return target()->Append(data, o, v, d);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t at, const IOOptions& o, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return target()->PositionedAppend(data, at, o, d);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t at, const IOOptions& o,
                            const rocksdb::DataVerificationInfo& v, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return target()->PositionedAppend(data, at, o, v, d);
  }
  IOStatus Sync(const IOOptions& o, IODebugContext* d) override {
    return seen(watched_->faults->disk() == disk_fault::sync_error ? failing() : target()->Sync(o, d));
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
    return seen(watched_->faults->disk() == disk_fault::sync_error ? failing() : target()->Fsync(o, d));
  }
  IOStatus RangeSync(std::uint64_t at, std::uint64_t n, const IOOptions& o, IODebugContext* d) override {
    return seen(watched_->faults->disk() == disk_fault::sync_error ? failing() : target()->RangeSync(at, n, o, d));
  }

private:
  static IOStatus failing() { return IOStatus::IOError("Input/output error while syncing (fault)"); }
  IOStatus seen(IOStatus s) {
    if (!s.ok()) watched_->failed_syncs.fetch_add(1);
    return s;
  }
  std::shared_ptr<watched_files> watched_;
};

class watched_file_system final : public rocksdb::FileSystemWrapper {
public:
  explicit watched_file_system(std::shared_ptr<watched_files> watched)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), watched_(std::move(watched)) {}
  [[nodiscard]] const char* Name() const override { return "sett_watched_files"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& o,
                           std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return wrapped(target()->NewWritableFile(name, o, out, d), out);
  }
  IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& o,
                              std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return wrapped(target()->ReopenWritableFile(name, o, out, d), out);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old, const rocksdb::FileOptions& o,
                             std::unique_ptr<rocksdb::FSWritableFile>* out, IODebugContext* d) override {
    if (auto s = refused_write(*watched_); !s.ok()) return s;
    return wrapped(target()->ReuseWritableFile(name, old, o, out, d), out);
  }

private:
  IOStatus wrapped(IOStatus s, std::unique_ptr<rocksdb::FSWritableFile>* out) {
    if (s.ok()) *out = std::make_unique<watched_file>(std::move(*out), watched_);
    return s;
  }
  std::shared_ptr<watched_files> watched_;
};

} // namespace

std::unique_ptr<rocksdb::Env> make_watched_env(std::shared_ptr<watched_files> watched) {
  return rocksdb::NewCompositeEnv(std::make_shared<watched_file_system>(std::move(watched)));
}

} // namespace sett::store
