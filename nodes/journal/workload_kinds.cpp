#include "nodes/journal/workload_kinds.hpp"

#include "nodes/journal/shard_record.hpp"

#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sett::journal {

namespace {

constexpr std::size_t value_bytes_max = 64;
constexpr std::size_t queue_items_max = 1'000;

std::unexpected<error> refuse(std::string why) { return fail("workload", journal_errc::refused, std::move(why)); }

/// The first word, taken off the front with the space behind it.
std::string_view word(std::string_view& rest) {
  const auto end = rest.find(' ');
  const auto out = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return out;
}

bool is_value(std::string_view v) {
  return v.size() <= value_bytes_max && v.find_first_of(" \n") == std::string_view::npos;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t n{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// Events: a register's is "=" and the new value.
class register_entity final : public entity {
public:
  register_entity() = default;
  explicit register_entity(std::string value) : value_(std::move(value)) {}
  result<entity_decision> decide(std::string_view command, const decide_context& /*at*/) const override {
    const auto verb = word(command);
    if (verb == "get" && command.empty()) return entity_decision{.event = {}, .reply = value_};
    if (verb == "set") {
      if (!is_value(command)) return refuse("a value has up to 64 bytes and no space");
      return entity_decision{.event = "=" + std::string(command), .reply = "ok"};
    }
    if (verb == "cas") {
      const auto old = word(command);
      if (!is_value(old) || !is_value(command)) return refuse("a value has up to 64 bytes and no space");
      if (old != value_) return entity_decision{.event = {}, .reply = "no " + value_};
      return entity_decision{.event = "=" + std::string(command), .reply = "ok"};
    }
    return refuse("a register knows get, set VALUE and cas OLD NEW");
  }
  void apply(std::string_view event) override { value_ = event.substr(1); }
  std::string serialise() const override { return value_; }
  std::unique_ptr<entity> clone() const override { return std::make_unique<register_entity>(*this); }

private:
  std::string value_;
};

// Its event is the number that is added.
class counter_entity final : public entity {
public:
  counter_entity() = default;
  explicit counter_entity(std::int64_t sum) : sum_(sum) {}
  result<entity_decision> decide(std::string_view command, const decide_context& /*at*/) const override {
    const auto verb = word(command);
    if (verb == "get" && command.empty()) return entity_decision{.event = {}, .reply = std::to_string(sum_)};
    if (verb != "add") return refuse("a counter knows add N and get");
    const auto n = number(command);
    std::int64_t next{};
    if (!n) return refuse("add takes a whole number");
    if (__builtin_add_overflow(sum_, *n, &next)) return refuse("the sum would overflow");
    return entity_decision{.event = std::to_string(*n), .reply = std::to_string(next)};
  }
  void apply(std::string_view event) override {
    std::int64_t next{};
    // decide has seen that it fits.
    if (!__builtin_add_overflow(sum_, number(event).value_or(0), &next)) sum_ = next;
  }
  std::string serialise() const override { return sum_ == 0 ? std::string() : std::to_string(sum_); }
  std::unique_ptr<entity> clone() const override { return std::make_unique<counter_entity>(*this); }

private:
  std::int64_t sum_{};
};

// Events: "+" and the item, or "-".
class queue_entity final : public entity {
public:
  queue_entity() = default;
  explicit queue_entity(std::deque<std::string> items) : items_(std::move(items)) {}
  result<entity_decision> decide(std::string_view command, const decide_context& /*at*/) const override {
    const auto verb = word(command);
    if (verb == "length" && command.empty())
      return entity_decision{.event = {}, .reply = std::to_string(items_.size())};
    if (verb == "push") {
      if (command.empty() || !is_value(command)) return refuse("an item has 1 to 64 bytes and no space");
      if (items_.size() >= queue_items_max) return refuse("the queue is full");
      return entity_decision{.event = "+" + std::string(command), .reply = std::to_string(items_.size() + 1)};
    }
    if (verb == "pop" && command.empty()) {
      if (items_.empty()) return entity_decision{.event = {}, .reply = "empty"};
      return entity_decision{.event = "-", .reply = "item " + items_.front()};
    }
    return refuse("a queue knows push ITEM, pop and length");
  }
  void apply(std::string_view event) override {
    if (event.front() == '+')
      items_.emplace_back(event.substr(1));
    else if (!items_.empty())
      items_.pop_front();
  }
  std::string serialise() const override {
    std::string out;
    for (const auto& i : items_) {
      out += i;
      out += '\n';
    }
    return out;
  }
  std::unique_ptr<entity> clone() const override { return std::make_unique<queue_entity>(*this); }

private:
  std::deque<std::string> items_;
};

class register_entities final : public entity_kind {
public:
  entity_kind_number number() const override { return register_kind; }
  std::string_view name() const override { return "register"; }
  std::unique_ptr<entity> create(std::string_view /*id*/) const override { return std::make_unique<register_entity>(); }
  result<std::unique_ptr<entity>> parse(std::string_view /*id*/, std::string_view bytes) const override {
    if (!is_value(bytes)) return refuse("no register's value");
    return std::make_unique<register_entity>(std::string(bytes));
  }
};

class counter_entities final : public entity_kind {
public:
  entity_kind_number number() const override { return counter_kind; }
  std::string_view name() const override { return "counter"; }
  std::unique_ptr<entity> create(std::string_view /*id*/) const override { return std::make_unique<counter_entity>(); }
  result<std::unique_ptr<entity>> parse(std::string_view /*id*/, std::string_view bytes) const override {
    const auto sum = journal::number(bytes);
    if (!sum) return refuse("no counter's sum");
    return std::make_unique<counter_entity>(*sum);
  }
};

class queue_entities final : public entity_kind {
public:
  entity_kind_number number() const override { return queue_kind; }
  std::string_view name() const override { return "queue"; }
  std::unique_ptr<entity> create(std::string_view /*id*/) const override { return std::make_unique<queue_entity>(); }
  result<std::unique_ptr<entity>> parse(std::string_view /*id*/, std::string_view bytes) const override {
    std::deque<std::string> items;
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      if (end == std::string_view::npos || end == 0 || !is_value(bytes.substr(0, end)) ||
          items.size() >= queue_items_max)
        return refuse("no queue's items");
      items.emplace_back(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
    }
    return std::make_unique<queue_entity>(std::move(items));
  }
};

} // namespace

void add_workload_kinds(entity_kinds& kinds) {
  static const register_entities registers;
  static const counter_entities counters;
  static const queue_entities queues;
  kinds.add(registers);
  kinds.add(counters);
  kinds.add(queues);
}

} // namespace sett::journal
