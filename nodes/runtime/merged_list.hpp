// One list from the answers of several nodes that each hold a part of it: the rows of all, ordered again, and the sums
// of the counts beside them. Pure, does not depend on the order of the answers.
#pragma once

#include "nodes/api/request.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace sett::runtime {

/// Each answer is {"rows":[{...}],"count":n,...}. The result's rows go by `field` (a number, or one as text), the
/// largest first, at most `limit`; beside them stands nodes_unanswered, how many answers were none. With no good answer
/// it is the first node's refusal.
[[nodiscard]] api::response merged_list(std::span<const api::response> answers, std::string_view field,
                                        std::size_t limit);

} // namespace sett::runtime
