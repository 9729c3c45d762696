// Time as an injected interface. Pure code never asks for time: it takes it as an argument; shells ask their clock.
#pragma once

#include "messages/types/ids.hpp"

namespace sett::ports {

class clock {
public:
  virtual ~clock() = default;
  [[nodiscard]] virtual steady_time_ns steady_now() const = 0; // never goes back; thread-safe
  [[nodiscard]] virtual wall_time_ns wall_now() const = 0;     // for people and logs only; thread-safe
};

} // namespace sett::ports
