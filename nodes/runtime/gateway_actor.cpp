#include "nodes/runtime/gateway_actor.hpp"

#include <caf/deep_to_string.hpp>

namespace sett::runtime {

std::string asker::said_by(const caf::error& e) {
  const auto& context = e.context();
  if (context.size() == 1 && context.match_element<std::string>(0)) return context.get_as<std::string>(0);
  return caf::to_string(e);
}

} // namespace sett::runtime
