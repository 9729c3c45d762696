#include "tools/simnet/pubsub_session.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/json_text.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace sett::simnet {

namespace json = boost::json;

namespace {

[[noreturn]] void refuse(std::string message) { refuse_call(rpc_code::invalid_params, std::move(message)); }

std::string notification(std::string_view method, std::string_view result, std::uint64_t id) {
  std::string out;
  out.reserve(method.size() + result.size() + 96);
  out += "{\"jsonrpc\":\"2.0\",\"method\":\"";
  out += method;
  out += "\",\"params\":{\"result\":";
  out += result;
  fmt::format_to(std::back_inserter(out), ",\"subscription\":{}}}}}", id);
  return out;
}

std::string with_context(slot_number slot, std::string_view value) {
  std::string out = fmt::format("{{\"context\":{{\"slot\":{}}},\"value\":", slot.value);
  out += value;
  out += "}";
  return out;
}

std::vector<address> read_addresses(const json::object& object, std::string_view key) {
  std::vector<address> out;
  const auto* v = object.if_contains(key);
  if (v == nullptr || v->is_null()) return out;
  if (!v->is_array()) refuse(fmt::format("Invalid params: {} must be an array.", key));
  for (const auto& a : v->get_array()) out.push_back(read_address(a));
  return out;
}

bool mentions(const chain_transaction& t, const address& key) {
  return std::find(t.keys.begin(), t.keys.end(), key) != t.keys.end();
}

constexpr std::string_view subscribe_suffix = "Subscribe";
constexpr std::string_view unsubscribe_suffix = "Unsubscribe";
constexpr std::array<std::string_view, 9> topics{"slot",    "root",      "slotsUpdates", "logs",       "account",
                                                 "program", "signature", "block",        "transaction"};

} // namespace

pubsub_session::subscription pubsub_session::read_subscription(std::string_view topic,
                                                               const json::array& params) const {
  subscription s;
  const auto at = [&](std::size_t i) -> const json::value& {
    if (i >= params.size()) refuse(fmt::format("Invalid params: parameter {} is missing.", i));
    return params[i];
  };
  const json::object* config = nullptr;
  const auto read_config = [&](std::size_t i) {
    if (i >= params.size() || params[i].is_null()) return;
    if (!params[i].is_object()) refuse(fmt::format("Invalid params: parameter {} must be an object.", i));
    s.config = std::make_shared<const json::object>(params[i].get_object());
    config = s.config.get();
    s.level = read_commitment(config, commitment::finalized);
  };
  if (topic == "slot") {
    s.what = kind::slot;
  } else if (topic == "root") {
    s.what = kind::root;
  } else if (topic == "slotsUpdates") {
    s.what = kind::slots_updates;
  } else if (topic == "logs") {
    s.what = kind::logs;
    const auto& filter = at(0);
    if (text_of(filter) == "all" || text_of(filter) == "allWithVotes") {
      s.all = true;
      s.with_votes = text_of(filter) == "allWithVotes";
    } else if (filter.is_object()) {
      const auto list = read_addresses(filter.get_object(), "mentions");
      if (list.size() != 1) refuse("Invalid Request: Only 1 address supported");
      s.key = list.front();
    } else {
      refuse("Invalid params: a logs filter is \"all\", \"allWithVotes\" or {\"mentions\":[ADDRESS]}.");
    }
    read_config(1);
  } else if (topic == "account" || topic == "program") {
    s.what = topic == "account" ? kind::account : kind::program;
    s.key = read_address(at(0));
    read_config(1);
  } else if (topic == "signature") {
    s.what = kind::signature_status;
    auto parsed = solana::parse_signature(text_of(at(0)));
    if (!parsed) refuse("Invalid param: Invalid signature");
    s.id = *parsed;
    read_config(1);
  } else if (topic == "block") {
    s.what = kind::block;
    const auto& filter = at(0);
    if (text_of(filter) == "all") {
      s.all = true;
    } else if (filter.is_object() && filter.get_object().contains("mentionsAccountOrProgram")) {
      s.key = read_address(filter.get_object().at("mentionsAccountOrProgram"));
    } else {
      refuse("Invalid params: a block filter is \"all\" or {\"mentionsAccountOrProgram\":ADDRESS}.");
    }
    read_config(1);
    if (s.level == commitment::processed) refuse("Method does not support commitment below `confirmed`");
    s.form = read_block_form(config);
    if (config == nullptr || !config->contains("encoding")) s.form.encoding = "base64";
  } else {
    s.what = kind::transaction;
    if (!params.empty() && !params[0].is_null()) {
      if (!params[0].is_object()) refuse("Invalid params: parameter 0 must be a filter object.");
      const auto& filter = params[0].get_object();
      if (const auto* v = filter.if_contains("vote"); v != nullptr && v->is_bool()) s.vote = v->get_bool();
      if (const auto* v = filter.if_contains("failed"); v != nullptr && v->is_bool()) s.failed = v->get_bool();
      if (const auto* v = filter.if_contains("signature"); v != nullptr && v->is_string()) {
        auto parsed = solana::parse_signature(text_of(*v));
        if (!parsed) refuse("Invalid param: Invalid signature");
        s.id = *parsed;
        s.has_signature = true;
      }
      s.include = read_addresses(filter, "accountInclude");
      s.exclude = read_addresses(filter, "accountExclude");
      s.required = read_addresses(filter, "accountRequired");
    }
    read_config(1);
    s.form = read_block_form(config);
    if (config == nullptr || !config->contains("encoding")) s.form.encoding = "base64";
  }
  return s;
}

std::string pubsub_session::answer_one(const json::value& request, const chain_view& view,
                                       std::vector<std::string>& after) {
  if (!request.is_object()) return error_answer("null", rpc_code::invalid_request, "Invalid request");
  const auto& object = request.get_object();
  const auto* id = object.if_contains("id");
  const auto id_json = id == nullptr ? std::string("null") : json::serialize(*id);
  const auto* method_value = object.if_contains("method");
  const auto method = method_value == nullptr ? std::string_view{} : text_of(*method_value);
  const auto* params_value = object.if_contains("params");
  static const json::array no_params;
  const auto& params = params_value != nullptr && params_value->is_array() ? params_value->get_array() : no_params;
  const auto known = [](std::string_view topic) {
    return std::find(topics.begin(), topics.end(), topic) != topics.end();
  };
  try {
    if (method.ends_with(unsubscribe_suffix) && known(method.substr(0, method.size() - unsubscribe_suffix.size()))) {
      const auto* number = params.empty() ? nullptr : &params[0];
      const auto subscription_id = number != nullptr && number->is_number() ? number->to_number<std::uint64_t>() : 0;
      if (subscriptions_.erase(subscription_id) == 0)
        return error_answer(id_json, rpc_code::invalid_params, "Invalid subscription id.");
      return fmt::format("{{\"jsonrpc\":\"2.0\",\"result\":true,\"id\":{}}}", id_json);
    }
    if (method.ends_with(subscribe_suffix) && known(method.substr(0, method.size() - subscribe_suffix.size()))) {
      if (subscriptions_.size() >= subscriptions_max)
        return error_answer(id_json, rpc_code::invalid_request, "Node subscription limit reached");
      auto s = read_subscription(method.substr(0, method.size() - subscribe_suffix.size()), params);
      const auto subscription_id = next_id_++;
      bool keep = true;
      if (s.what == kind::signature_status) {
        const auto place = view.history().find(s.id);
        const auto block = place ? view.block(place->slot, s.level) : nullptr;
        if (block) {
          const auto value = fmt::format("{{\"err\":{}}}", block->transactions[place->index]->error_json);
          after.push_back(notification("signatureNotification", with_context(block->slot, value), subscription_id));
          keep = false;
        }
      }
      if (keep) subscriptions_.emplace(subscription_id, std::move(s));
      return fmt::format("{{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":{}}}", subscription_id, id_json);
    }
  } catch (const rpc_failure& failure) {
    return error_answer(id_json, failure.code, failure.message, failure.data_json);
  } catch (const std::exception& e) {
    return error_answer(id_json, rpc_code::invalid_params, e.what());
  }
  return error_answer(id_json, rpc_code::method_not_found, "Method not found");
}

std::vector<std::string> pubsub_session::request(std::string_view text, const chain_view& view) {
  std::vector<std::string> out, after;
  boost::system::error_code ec;
  const auto value = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec) {
    out.push_back(error_answer("null", rpc_code::parse_error, "Parse error"));
  } else if (const auto* batch = value.if_array(); batch != nullptr && !batch->empty()) {
    std::string all = "[";
    for (const auto& one : *batch) {
      if (all.size() > 1) all.push_back(',');
      all += answer_one(one, view, after);
    }
    out.push_back(all + "]");
  } else {
    out.push_back(answer_one(value, view, after));
  }
  for (auto& frame : after) out.push_back(std::move(frame));
  return out;
}

bool pubsub_session::wants(const subscription& s, const chain_transaction& t) {
  if (s.vote && *s.vote != t.vote) return false;
  if (s.failed && *s.failed != t.failed) return false;
  if (s.has_signature && s.id != t.id) return false;
  const auto any = [&](const std::vector<address>& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& k) { return mentions(t, k); });
  };
  if (!s.include.empty() && !any(s.include)) return false;
  if (any(s.exclude)) return false;
  return std::all_of(s.required.begin(), s.required.end(), [&](const auto& k) { return mentions(t, k); });
}

void pubsub_session::deliver(const chain_step& step, const sink& send) {
  const auto level = step.reached();
  const auto timestamp_ms = step.block ? step.block->time.value * 1000 : 0;
  for (const auto& [id, s] : subscriptions_) {
    switch (s.what) {
    case kind::slot:
      if (step.status == slot_status::processed)
        send(notification("slotNotification",
                          fmt::format("{{\"parent\":{},\"root\":{},\"slot\":{}}}", step.parent.value, step.root.value,
                                      step.slot.value),
                          id));
      break;
    case kind::root:
      if (step.status == slot_status::finalized)
        send(notification("rootNotification", fmt::format("{}", step.slot.value), id));
      break;
    case kind::slots_updates: {
      const auto update = [&](std::string_view type, std::string_view more) {
        send(notification("slotsUpdatesNotification",
                          fmt::format("{{{}\"slot\":{},\"timestamp\":{},\"type\":\"{}\"}}", more, step.slot.value,
                                      timestamp_ms, type),
                          id));
      };
      switch (step.status) {
      case slot_status::first_shred_received:
        update("firstShredReceived", "");
        break;
      case slot_status::completed:
        update("completed", "");
        break;
      case slot_status::processed: {
        update("createdBank", fmt::format("\"parent\":{},", step.parent.value));
        std::uint64_t failed = 0;
        for (const auto& t : step.block->transactions) failed += t->failed ? 1 : 0;
        update("frozen", fmt::format("\"stats\":{{\"maxTransactionsPerEntry\":64,\"numFailedTransactions\":{},"
                                     "\"numSuccessfulTransactions\":{},"
                                     "\"numTransactionEntries\":{}}},",
                                     failed, step.block->transactions.size() - failed,
                                     (step.block->transactions.size() + 63) / 64));
        break;
      }
      case slot_status::confirmed:
        update("optimisticConfirmation", "");
        break;
      case slot_status::finalized:
        update("root", "");
        break;
      case slot_status::dead:
        update("dead", "\"err\":\"simulated fork\",");
        break;
      }
      break;
    }
    default:
      if (level == s.level && step.block) deliver_block(id, s, step, send);
    }
  }
  for (const auto id : ended_) subscriptions_.erase(id);
  ended_.clear();
}

void pubsub_session::deliver_block(std::uint64_t id, const subscription& s, const chain_step& step, const sink& send) {
  const auto& block = *step.block;
  switch (s.what) {
  case kind::logs:
    for (const auto& t : block.transactions) {
      if (s.all ? (t->vote && !s.with_votes) : !mentions(*t, s.key)) continue;
      std::string value = fmt::format("{{\"err\":{},\"logs\":[", t->error_json);
      for (std::size_t i = 0; i < t->logs.size(); ++i) {
        if (i != 0) value.push_back(',');
        solana::append_json_string(value, t->logs[i]);
      }
      fmt::format_to(std::back_inserter(value), "],\"signature\":\"{}\"}}", t->signature_text);
      send(notification("logsNotification", with_context(step.slot, value), id));
    }
    break;
  case kind::account:
  case kind::program: {
    // An account written several times in a slot is shown once, as it is at the slot's end.
    std::vector<const account_write*> last;
    std::unordered_map<address, std::size_t> place;
    for (const auto& t : block.transactions)
      for (const auto& w : t->writes) {
        if (s.what == kind::account ? w.key != s.key : w.owner != s.key) continue;
        const auto [it, inserted] = place.try_emplace(w.key, last.size());
        if (inserted) {
          last.push_back(&w);
        } else {
          last[it->second] = &w;
        }
      }
    const json::object* config = s.config.get();
    std::string encoding = "base58";
    if (config != nullptr)
      if (const auto* e = config->if_contains("encoding"); e != nullptr && e->is_string()) encoding = text_of(*e);
    const json::array* filters = nullptr;
    if (config != nullptr)
      if (const auto* f = config->if_contains("filters"); f != nullptr && f->is_array()) filters = &f->get_array();
    for (const auto* w : last) {
      try {
        if (!matches_filters(*w, filters)) continue;
        const auto account = render_account(*w, encoding, config);
        send(s.what == kind::account
                 ? notification("accountNotification", with_context(step.slot, account), id)
                 : notification("programNotification",
                                with_context(step.slot, fmt::format("{{\"account\":{},\"pubkey\":\"{}\"}}", account,
                                                                    solana::to_base58(w->key))),
                                id));
      } catch (const rpc_failure& failure) {
        // Too long for base58, or a filter that cannot be read: nodes then send the account without its data.
        send(notification("accountNotification",
                          with_context(step.slot, fmt::format("{{\"error\":{}}}", json_string(failure.message))), id));
      }
    }
    break;
  }
  case kind::signature_status:
    for (const auto& t : block.transactions)
      if (t->id == s.id) {
        send(notification("signatureNotification",
                          with_context(step.slot, fmt::format("{{\"err\":{}}}", t->error_json)), id));
        ended_.push_back(id);
      }
    break;
  case kind::block: {
    std::string text, error = "null";
    try {
      if (s.all) {
        const auto key = fmt::format("{}/{}/{}/{}", s.form.encoding, s.form.details, s.form.rewards,
                                     s.form.version_max ? fmt::format("{}", *s.form.version_max) : "-");
        text = *cache_->get(step.slot, block.hash, key, [&] { return render_block(block, s.form); });
      } else {
        chain_block part = block;
        part.recorded_result.clear();
        std::erase_if(part.transactions, [&](const auto& t) { return !mentions(*t, s.key); });
        text = render_block(part, s.form);
      }
    } catch (const rpc_failure& failure) {
      // As nodes do: {"UnsupportedTransactionVersion":0} and no block.
      text = "null";
      error = "{\"UnsupportedTransactionVersion\":0}";
    }
    send(notification(
        "blockNotification",
        with_context(step.slot, fmt::format("{{\"block\":{},\"err\":{},\"slot\":{}}}", text, error, step.slot.value)),
        id));
    break;
  }
  case kind::transaction:
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
      const auto& t = *block.transactions[i];
      if (!wants(s, t)) continue;
      std::string inner;
      if (s.form.details == "signatures" || s.form.details == "none") {
        inner = fmt::format("{{\"signature\":\"{}\",\"slot\":{},\"transactionIndex\":{}}}", t.signature_text,
                            step.slot.value, i);
      } else {
        try {
          inner = fmt::format("{{\"transaction\":{{{}}},\"signature\":\"{}\",\"slot\":{},\"transactionIndex\":{}}}",
                              render_transaction_members(t, s.form), t.signature_text, step.slot.value, i);
        } catch (const rpc_failure&) {
          continue; // a version the client cannot read is left out
        }
      }
      send(notification("transactionNotification", inner, id));
    }
    break;
  default:
    break;
  }
}

} // namespace sett::simnet
