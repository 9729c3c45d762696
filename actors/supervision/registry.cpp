#include "actors/supervision/registry.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

namespace sett::supervision {

namespace {

struct by_name {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  std::size_t operator()(const cell_ptr& c) const { return (*this)(c->name()); }
  bool operator()(const cell_ptr& a, const cell_ptr& b) const { return a->name() == b->name(); }
  bool operator()(std::string_view a, const cell_ptr& b) const { return a == b->name(); }
  bool operator()(const cell_ptr& a, std::string_view b) const { return a->name() == b; }
};

struct directory_entry {
  std::string path;
  name_format format;
  mutable std::mutex mutex;
  std::unordered_set<cell_ptr, by_name, by_name> cells;

  [[nodiscard]] std::string shown(std::string_view name) const {
    return path + '/' + (format.show ? format.show(name) : std::string(name));
  }
};

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1000.0; }

protocol::actor_info describe(const directory_entry& d, const actor_cell& c, std::int64_t now_ns) {
  protocol::actor_info i;
  i.path = d.shown(c.name());
  i.state = c.state();
  i.depth = c.depth();
  i.bound = c.bound();
  i.head_age_us = c.head_age_ns(now_ns) / 1000;
  i.handled = c.handled_count();
  i.refused = c.refused();
  i.dead_letters = c.dead_letters();
  i.restarts = c.restarts();
  i.skipped_poison = c.skipped_poison();
  i.handling_us_p50 = microseconds(c.handling().quantile_ns(0.50));
  i.handling_us_p99 = microseconds(c.handling().quantile_ns(0.99));
  return i;
}

} // namespace

struct registry::implementation {
  mutable std::shared_mutex mutex; // guards the deque's growth; entries never move or go
  std::deque<directory_entry> directories;

  [[nodiscard]] std::vector<const directory_entry*> all() const {
    std::shared_lock lock(mutex);
    std::vector<const directory_entry*> result;
    for (const auto& d : directories) result.push_back(&d);
    return result;
  }
  directory_entry& at(directory_id id) {
    std::shared_lock lock(mutex);
    SETT_ASSERT(id < directories.size());
    return directories[id];
  }
};

registry::registry() : impl_(std::make_unique<implementation>()) {}
registry::~registry() = default;

directory_id registry::directory(std::string_view path, name_format format) {
  std::unique_lock lock(impl_->mutex);
  for (std::size_t i = 0; i < impl_->directories.size(); ++i)
    if (impl_->directories[i].path == path) return static_cast<directory_id>(i);
  SETT_ASSERT(impl_->directories.size() < 0xffff && !path.empty() && path.front() == '/');
  auto& d = impl_->directories.emplace_back();
  d.path = path;
  d.format = std::move(format);
  return static_cast<directory_id>(impl_->directories.size() - 1);
}

std::string registry::path(directory_id id) const { return impl_->at(id).path; }

cell_ptr registry::add(directory_id id, std::string_view name, std::uint32_t bound) {
  auto cell = std::make_shared<actor_cell>(id, name, bound); // normalises the name
  auto& d = impl_->at(id);
  std::scoped_lock lock(d.mutex);
  return *d.cells.insert(std::move(cell)).first;
}

void registry::remove(const cell_ptr& cell) {
  auto& d = impl_->at(cell->directory());
  std::scoped_lock lock(d.mutex);
  const auto i = d.cells.find(cell);
  if (i != d.cells.end() && *i == cell) d.cells.erase(i);
}

cell_ptr registry::find(std::string_view path) const {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return nullptr;
  const auto folder = path.substr(0, slash), text = path.substr(slash + 1);
  for (const auto* d : impl_->all()) {
    if (d->path != folder) continue;
    std::string name(text);
    if (d->format.read) {
      auto bytes = d->format.read(text);
      if (!bytes) return nullptr;
      name = std::move(*bytes);
    }
    std::scoped_lock lock(d->mutex);
    const auto i = d->cells.find(std::string_view(name));
    return i == d->cells.end() ? nullptr : *i;
  }
  return nullptr;
}

std::optional<protocol::actor_info> registry::show(std::string_view path, std::int64_t now_ns) const {
  const auto cell = find(path);
  if (!cell) return std::nullopt;
  auto info = describe(impl_->at(cell->directory()), *cell, now_ns);
  for (auto& c : cell->crashes())
    info.crashes.push_back(
        {std::move(c.what), std::move(c.error), c.times, c.work != 0 && c.times >= actor_cell::deaths_to_park});
  return info;
}

protocol::actor_list registry::list(const protocol::actor_list_request& request, std::int64_t now_ns) const {
  protocol::actor_list result;
  const auto before = [&](const protocol::actor_info& a, const protocol::actor_info& b) {
    using protocol::actor_sort;
    switch (request.sort) {
    case actor_sort::depth:
      if (a.depth != b.depth) return a.depth > b.depth;
      break;
    case actor_sort::head_age:
      if (a.head_age_us != b.head_age_us) return a.head_age_us > b.head_age_us;
      break;
    case actor_sort::restarts:
      if (a.restarts != b.restarts) return a.restarts > b.restarts;
      break;
    case actor_sort::handled:
      if (a.handled != b.handled) return a.handled > b.handled;
      break;
    case actor_sort::path:
      break;
    }
    return a.path < b.path;
  };
  // Rows are kept as a heap of the best `limit`, so that a listing of 20 out of 100,000 stays small.
  for (const auto* d : impl_->all()) {
    std::vector<cell_ptr> cells;
    {
      std::scoped_lock lock(d->mutex);
      cells.assign(d->cells.begin(), d->cells.end());
    }
    for (const auto& c : cells) {
      auto row = describe(*d, *c, now_ns);
      if (!row.path.starts_with(request.prefix)) continue;
      ++result.total;
      if (request.limit == 0) continue;
      if (result.rows.size() == request.limit) {
        if (!before(row, result.rows.front())) continue;
        std::pop_heap(result.rows.begin(), result.rows.end(), before);
        result.rows.pop_back();
      }
      result.rows.push_back(std::move(row));
      std::push_heap(result.rows.begin(), result.rows.end(), before);
    }
  }
  std::sort_heap(result.rows.begin(), result.rows.end(), before);
  return result;
}

std::vector<protocol::actor_totals> registry::totals(std::int64_t now_ns) const {
  std::vector<protocol::actor_totals> result;
  for (const auto* d : impl_->all()) {
    auto& t = result.emplace_back();
    t.directory = d->path;
    std::scoped_lock lock(d->mutex);
    for (const auto& c : d->cells) {
      const auto depth = c->depth();
      ++t.actors;
      t.depth += depth;
      t.depth_max = std::max(t.depth_max, depth);
      t.handled += c->handled_count();
      t.refused += c->refused();
      t.dead_letters += c->dead_letters();
      t.restarts += c->restarts();
      t.skipped_poison += c->skipped_poison();
      t.head_age_us_max = std::max(t.head_age_us_max, c->head_age_ns(now_ns) / 1000);
    }
  }
  return result;
}

std::size_t registry::size() const {
  std::size_t n = 0;
  for (const auto* d : impl_->all()) {
    std::scoped_lock lock(d->mutex);
    n += d->cells.size();
  }
  return n;
}

} // namespace sett::supervision
