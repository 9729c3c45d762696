#include "actors/execution/account_impl.hpp"

namespace sett::execution {

template struct basic_account<shipped_rules>;
template judgement judge<shipped_rules>(const attempt& a, const evidence& e);

} // namespace sett::execution
