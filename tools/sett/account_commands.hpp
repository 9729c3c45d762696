// The commands of the trading account: buy, sell, quote, order, position, pnl, wallet balance, halt, resume. Each asks
// the node behind the socket, which asks whoever leads the account; each prints and returns an exit code.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace sett::tools {

struct order_options {
  std::string mint;
  std::string sol;                                   // "0.05"; buys
  std::uint32_t percent{100};                        // sells
  std::int64_t slippage_bps{-1}, max_age_blocks{-1}; // -1: as the settings say
  std::string key;                                   // names the order; empty: a new one
  bool wait{};                                       // until it has ended
};

int buy_command(const command_context& c, const order_options& o);
int sell_command(const command_context& c, const order_options& o);
/// --sol: what a buy of so much would give; else what the sale of `percent` of the position would.
int quote_command(const command_context& c, const order_options& o);
int order_list_command(const command_context& c, bool open_only, std::uint32_t limit);
int order_show_command(const command_context& c, const std::string& id);
int order_cancel_command(const command_context& c, const std::string& id);
int position_list_command(const command_context& c);
int position_show_command(const command_context& c, const std::string& mint);
int pnl_command(const command_context& c);
int balance_command(const command_context& c);
int halt_command(const command_context& c, bool halt);

/// Mode, wallet, positions, profit and halts in a few lines; nothing when there is no account or it is not led now.
void put_account_lines(std::ostream& out, const command_context& c);

} // namespace sett::tools
