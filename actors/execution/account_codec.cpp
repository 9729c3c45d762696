#include "actors/execution/account_codec.hpp"

#include "actors/execution/order_log.hpp"
#include "actors/execution/paper_chain.hpp"
#include "messages/ports/random.hpp"

#include <boost/pfr.hpp>

#include <array>
#include <concepts>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace sett::execution {

namespace {

constexpr int128 posting_max = static_cast<int128>(1) << 66U;
constexpr int128 balance_max = static_cast<int128>(1) << 120U;

template <class T>
struct is_strong : std::false_type {};
template <class Tag, class Rep>
struct is_strong<strong<Tag, Rep>> : std::true_type {};
template <class T>
struct is_bytes : std::false_type {};
template <class Tag, std::size_t N>
struct is_bytes<byte_id<Tag, N>> : std::true_type {};
template <class T, template <class...> class Of>
struct is_a : std::false_type {};
template <template <class...> class Of, class... Args>
struct is_a<Of<Args...>, Of> : std::true_type {};
template <class T>
struct is_array : std::false_type {};
template <class T, std::size_t N>
struct is_array<std::array<T, N>> : std::true_type {};
template <class T>
constexpr bool is_list = is_a<T, std::vector>::value || is_a<T, std::deque>::value;

/// The most elements of a list, by what it holds.
template <class T>
constexpr std::size_t elements_max() {
  if constexpr (std::same_as<T, attempt>)
    return attempts_max;
  else if constexpr (std::same_as<T, posting>)
    return postings_max;
  else if constexpr (std::same_as<T, closed_intent>)
    return closed_intents_max;
  else if constexpr (std::same_as<T, signature>)
    return closed_signatures_max; // of closed attempts; the unknown ones are fewer
  else if constexpr (std::same_as<T, command::history_item>)
    return history_page_max;
  else if constexpr (std::same_as<T, order_story>)
    return stories_max;
  else if constexpr (std::same_as<T, story_line>)
    return story_lines_max;
  else if constexpr (std::same_as<T, paper_landed>)
    return paper_landed_max;
  else if constexpr (std::same_as<T, paper_pending>)
    return paper_pending_max;
  else
    return entry_events_max;
}
template <class T>
constexpr std::uint8_t enumerators() {
  if constexpr (std::same_as<T, commitment>)
    return 3;
  else if constexpr (std::same_as<T, order_state>)
    return static_cast<std::uint8_t>(order_state::given_up) + 1;
  else if constexpr (std::same_as<T, ports::trade_side>)
    return 2;
  else
    return static_cast<std::uint8_t>(T::count_);
}

struct writer {
  std::string out;

  template <class T>
  void number(T v) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      out += static_cast<char>(static_cast<unsigned char>(v & 0xff));
      if constexpr (sizeof(T) > 1) v = static_cast<T>(v >> 8U);
    }
  }
  template <class T>
  void operator()(const T& x) {
    if constexpr (std::same_as<T, bool>) {
      number(static_cast<std::uint8_t>(x ? 1 : 0));
    } else if constexpr (std::same_as<T, int128> || std::integral<T>) {
      number(x);
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::uint8_t>(x));
    } else if constexpr (is_strong<T>::value) {
      (*this)(x.value);
    } else if constexpr (is_bytes<T>::value) {
      out.append(reinterpret_cast<const char*>(x.bytes.data()), x.bytes.size());
    } else if constexpr (std::same_as<T, std::string>) {
      number(static_cast<std::uint32_t>(x.size()));
      out += x;
    } else if constexpr (is_list<T>) {
      number(static_cast<std::uint32_t>(x.size()));
      for (const auto& e : x) (*this)(e);
    } else if constexpr (is_array<T>::value) {
      for (const auto& e : x) (*this)(e);
    } else if constexpr (is_a<T, std::map>::value) {
      number(static_cast<std::uint32_t>(x.size()));
      for (const auto& [k, v] : x) {
        (*this)(k);
        (*this)(v);
      }
    } else if constexpr (is_a<T, std::optional>::value) {
      (*this)(x.has_value());
      if (x) (*this)(*x);
    } else if constexpr (is_a<T, std::variant>::value) {
      number(static_cast<std::uint8_t>(x.index()));
      std::visit(*this, x);
    } else {
      boost::pfr::for_each_field(x, [this](const auto& f) { (*this)(f); });
    }
  }
};

struct reader {
  std::string_view in;
  std::size_t at{};
  const char* wrong{}; // static text; the first fault

  bool fault(const char* what) {
    if (wrong == nullptr) wrong = what;
    return false;
  }
  bool has(std::size_t n) { return wrong == nullptr && in.size() - at >= n ? true : fault("it ends too early"); }
  template <class T>
  void number(T& v) {
    if (!has(sizeof(T))) return;
    using raw = std::conditional_t<std::same_as<T, int128>, ports::uint128, std::uint64_t>;
    raw sum = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      sum |= static_cast<raw>(static_cast<unsigned char>(in[at + i])) << (8U * i);
    v = static_cast<T>(sum);
    at += sizeof(T);
  }
  /// A list's count, at most `most`.
  std::size_t count(std::size_t most) {
    std::uint32_t n = 0;
    number(n);
    if (n > most) fault("a list is too long");
    return wrong == nullptr ? n : 0;
  }
  template <class T>
  void operator()(T& x) {
    if (wrong != nullptr) return;
    if constexpr (std::same_as<T, bool>) {
      std::uint8_t v = 0;
      number(v);
      if (v > 1) fault("a flag is neither 0 nor 1");
      x = v == 1;
    } else if constexpr (std::same_as<T, int128> || std::integral<T>) {
      number(x);
    } else if constexpr (std::is_enum_v<T>) {
      std::uint8_t v = 0;
      number(v);
      if (v >= enumerators<T>())
        fault("an unknown enumerator");
      else
        x = static_cast<T>(v);
    } else if constexpr (is_strong<T>::value) {
      (*this)(x.value);
    } else if constexpr (is_bytes<T>::value) {
      if (!has(x.bytes.size())) return;
      std::memcpy(x.bytes.data(), in.data() + at, x.bytes.size());
      at += x.bytes.size();
    } else if constexpr (std::same_as<T, std::string>) {
      const auto n = count(transaction_bytes_max);
      if (!has(n)) return;
      x.assign(in.substr(at, n));
      at += n;
    } else if constexpr (is_list<T>) {
      for (auto n = count(elements_max<typename T::value_type>()); n > 0 && wrong == nullptr; --n)
        (*this)(x.emplace_back());
    } else if constexpr (is_array<T>::value) {
      for (auto& e : x) (*this)(e);
    } else if constexpr (is_a<T, std::map>::value) {
      constexpr auto most = std::same_as<typename T::mapped_type, intent>           ? open_intents_max
                            : std::same_as<typename T::mapped_type, strategy_tally> ? tallies_max
                                                                                    : holdings_max + closed_intents_max;
      for (auto n = count(most); n > 0 && wrong == nullptr; --n) {
        typename T::key_type k;
        (*this)(k);
        if (!x.empty() && !(x.rbegin()->first < k)) fault("keys are not in order");
        (*this)(x[k]);
      }
    } else if constexpr (is_a<T, std::optional>::value) {
      bool there = false;
      (*this)(there);
      if (there) (*this)(x.emplace());
    } else if constexpr (is_a<T, std::variant>::value) {
      std::uint8_t kind = 0;
      number(kind);
      if (kind >= std::variant_size_v<T>) {
        fault("an unknown kind");
        return;
      }
      alternative(x, kind, std::make_index_sequence<std::variant_size_v<T>>());
    } else {
      boost::pfr::for_each_field(x, [this](auto& f) { (*this)(f); });
      check(x);
    }
  }
  template <class V, std::size_t... I>
  void alternative(V& x, std::uint8_t kind, std::index_sequence<I...> /*all*/) {
    static_cast<void>(((I == kind ? ((*this)(x.template emplace<I>()), true) : false) || ...));
  }

  // What a value must be beyond its shape, so that apply cannot go wrong.
  template <class T>
  void check(const T& /*x*/) {}
  void check(const posting& p) {
    if (p.amount > posting_max || p.amount < -posting_max) fault("a posting is beyond any amount");
  }
  void check(const ledger_entry& e) {
    if (wrong == nullptr && !is_balanced(e)) fault("a ledger entry does not sum to zero");
  }
  void check(const holding& h) {
    for (const auto v : h.tokens)
      if (v > balance_max || v < -balance_max) fault("a balance is beyond any amount");
  }
  void check(const ledger& l) {
    for (const auto v : l.balances)
      if (v > balance_max || v < -balance_max) fault("a balance is beyond any amount");
  }
  void check(const event::attempt_signed& e) {
    if (e.attempt.state != attempt_state::signed_ || e.attempt.number.value == 0) fault("no newly signed attempt");
  }
  void check(const event::accepted& e) {
    if (!e.intent.attempts.empty() || e.intent.attempts_made != 0) fault("an accepted intent has attempts");
  }
  void check(const account_state& s) {
    for (const auto& [id, i] : s.open) {
      if (id != i.id || i.state != intent_state::accepted) fault("an open intent is not what its key says");
      std::uint16_t before = 0;
      for (const auto& a : i.attempts) {
        if (a.number.value <= before || a.number.value > i.attempts_made) fault("attempts are not in order");
        before = a.number.value;
      }
    }
    if (s.live_attempts() > live_attempts_max) fault("too many attempts are under way");
    if (s.unknown.size() > unknown_transactions_max) fault("too many unknown transactions");
  }
};

template <class T>
std::string encode_any(const T& x) {
  writer w;
  w.number(account_format);
  w(x);
  return std::move(w.out);
}
template <class T>
result<T> decode_any(std::string_view bytes, const char* what, std::size_t most) {
  const auto damaged = [&](const char* why, std::size_t at) {
    return fail("execution", execution_errc::damaged,
                std::string(what) + ", byte " + std::to_string(at) + " of " + std::to_string(bytes.size()) + ": " +
                    why);
  };
  if (bytes.size() > most) return damaged("it is too long", most);
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != account_format) return damaged("another format", 0);
  reader r{bytes, 1};
  T out{};
  r(out);
  if (r.wrong != nullptr) return damaged(r.wrong, r.at);
  if (r.at != bytes.size()) return damaged("something follows", r.at);
  return out;
}

} // namespace

std::string encode(const account_command& c) { return encode_any(c); }
std::string encode(const account_entry& e) { return encode_any(e); }
std::string encode(const account_state& s) { return encode_any(s); }
result<account_command> decode_command(std::string_view bytes) {
  return decode_any<account_command>(bytes, "command", account_entry_bytes_max);
}
result<account_entry> decode_entry(std::string_view bytes) {
  return decode_any<account_entry>(bytes, "entry", account_entry_bytes_max);
}
result<account_state> decode_state(std::string_view bytes) {
  return decode_any<account_state>(bytes, "state", account_state_bytes_max);
}

std::string encode(const account_record& r) { return encode_any(r); }
result<account_record> decode_record(std::string_view bytes) {
  return decode_any<account_record>(bytes, "account", account_state_bytes_max);
}
std::string encode(const paper_command& c) { return encode_any(c); }
std::string encode(const paper_entry& e) { return encode_any(e); }
std::string encode(const paper_state& s) { return encode_any(s); }
result<paper_command> decode_paper_command(std::string_view bytes) {
  return decode_any<paper_command>(bytes, "paper command", account_entry_bytes_max);
}
result<paper_entry> decode_paper_entry(std::string_view bytes) {
  return decode_any<paper_entry>(bytes, "paper entry", account_entry_bytes_max);
}
result<paper_state> decode_paper_state(std::string_view bytes) {
  return decode_any<paper_state>(bytes, "paper chain", account_state_bytes_max);
}
std::string encode(const paper_look& l) { return encode_any(l); }
result<paper_look> decode_paper_look(std::string_view bytes) {
  return decode_any<paper_look>(bytes, "paper answer", account_entry_bytes_max);
}

} // namespace sett::execution
