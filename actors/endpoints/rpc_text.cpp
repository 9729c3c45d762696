#include "actors/endpoints/rpc_text.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

namespace sett::endpoints {

namespace {

std::string request(std::uint64_t id, std::string_view method, std::string_view params) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, params);
}
commitment at_least_confirmed(commitment level) {
  return level == commitment::processed ? commitment::confirmed : level;
}

} // namespace

std::string_view to_string(commitment level) {
  constexpr std::string_view names[] = {"processed", "confirmed", "finalized"};
  return names[static_cast<std::size_t>(level)];
}

std::string get_block(std::uint64_t id, slot_number slot, commitment level) {
  return request(
      id, "getBlock",
      fmt::format(R"([{},{{"encoding":"json","transactionDetails":"full","maxSupportedTransactionVersion":0,)"
                  R"("rewards":false,"commitment":"{}"}}])",
                  slot.value, to_string(at_least_confirmed(level))));
}
std::string get_blocks(std::uint64_t id, slot_number first, slot_number last, commitment level) {
  return request(
      id, "getBlocks",
      fmt::format(R"([{},{},{{"commitment":"{}"}}])", first.value, last.value, to_string(at_least_confirmed(level))));
}
std::string get_transaction(std::uint64_t id, const signature& which, commitment level) {
  return request(id, "getTransaction",
                 fmt::format(R"(["{}",{{"encoding":"json","maxSupportedTransactionVersion":0,"commitment":"{}"}}])",
                             solana::base58::encode(which.bytes).value_or(std::string()),
                             to_string(at_least_confirmed(level))));
}
std::string get_health(std::uint64_t id) { return request(id, "getHealth", "[]"); }

std::string batch(const std::vector<std::string>& requests) {
  if (requests.size() == 1) return requests.front();
  return fmt::format("[{}]", fmt::join(requests, ","));
}

std::vector<std::string> subscriptions(plan_kind plan, commitment level, std::uint64_t first_id) {
  std::vector<std::string> all;
  const auto add = [&](std::string_view method, const std::string& params) {
    all.push_back(request(first_id + all.size(), method, params));
  };
  const auto name = to_string(level);
  switch (plan) {
  case plan_kind::block_subscribe:
    add("blockSubscribe", fmt::format(R"(["all",{{"commitment":"{}","encoding":"json","transactionDetails":"full",)"
                                      R"("maxSupportedTransactionVersion":0,"showRewards":false}}])",
                                      to_string(at_least_confirmed(level))));
    break;
  case plan_kind::transaction_subscribe:
    add("transactionSubscribe",
        fmt::format(R"([{{"vote":false}},{{"commitment":"{}","encoding":"json","transactionDetails":"full",)"
                    R"("maxSupportedTransactionVersion":0,"showRewards":false}}])",
                    name));
    break;
  case plan_kind::logs_get_transaction:
    add("logsSubscribe", fmt::format(R"(["all",{{"commitment":"{}"}}])", to_string(at_least_confirmed(level))));
    break;
  case plan_kind::slot_get_block:
    break;
  case plan_kind::none:
  case plan_kind::yellowstone_grpc:
    return all;
  }
  add("slotSubscribe", "[]");
  return all;
}

} // namespace sett::endpoints
