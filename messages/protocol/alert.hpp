// On the alert bus: something a human may have to know. Repeats carry the same id.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>

namespace sett::protocol {

enum class alert_level : std::uint8_t { info, warning, critical };
struct alert {
  alert_level level{alert_level::info};
  std::string id;   // stable, kebab-case: "stream-incomplete"
  std::string text; // one sentence, no secret
  wall_time_ns time;
};

} // namespace sett::protocol
