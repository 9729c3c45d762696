/* Every order of the steps in journal.h, for one shard. Bounds and switches are macros; run builds and names them. */
c_decl {
\#include <string.h>
\#include "journal.h"
}
c_state "struct shard s" "Global"
#ifdef STORY
#define TELL(name, a, b, c) if (readtrail) printf("%-16s %d %d %d\n", name, a, b, c);
#else
#define TELL(name, a, b, c)
#endif
/* renames the nodes for fewer states and ends the search when something broke */
#define DONE normalise(&now.s); if (broken) uerror(broken);
#define STEP0(f) :: d_step { c_expr { (may_##f(&now.s)) } -> c_code { TELL(#f, -1, -1, -1) f(&now.s); DONE } }
#define STEP1(f, a) :: d_step { c_expr { (may_##f(&now.s, a)) } -> c_code { TELL(#f, a, -1, -1) f(&now.s, a); DONE } }
#define STEP2(f, a, b) :: d_step { c_expr { (may_##f(&now.s, a, b)) } -> c_code { TELL(#f, a, b, -1) f(&now.s, a, b); DONE } }
#define STEP3(f, a, b, c) :: d_step { c_expr { (may_##f(&now.s, a, b, c)) } -> c_code { TELL(#f, a, b, c) f(&now.s, a, b, c); DONE } }
#define ONLY(condition, f, a) :: d_step { c_expr { ((condition) && may_##f(&now.s, a)) } -> c_code { TELL(#f, a, -1, -1) f(&now.s, a); DONE } }

#define FOLLOW(x, q, most) :: d_step { c_expr { (may_follow(&now.s, x, q)) } -> c_code { TELL("follow", x, q, most) follow(&now.s, x, q, most); DONE } }
#ifdef TRUNCATE_TO_HW
#define HEAR(x, q) :: d_step { c_expr { (may_follow(&now.s, x, q)) } -> c_code { TELL("hear_hw", x, q, -1) follow(&now.s, x, q, 0); hear_hw(&now.s, x, q); DONE } }
#else
#define HEAR(x, q)
#endif
#ifdef SNAPSHOTS
#define INSTALL(x, q) STEP3(install, x, q, 0) STEP3(install, x, q, 1)
#define KEEPS(x) STEP2(take_snapshot, x, 1) STEP1(offer, x) STEP1(cut, x)
#if ENTRIES > 1
#undef INSTALL
#undef KEEPS
#define INSTALL(x, q) STEP3(install, x, q, 0) STEP3(install, x, q, 1) STEP3(install, x, q, 2)
#define KEEPS(x) STEP2(take_snapshot, x, 1) STEP2(take_snapshot, x, 2) STEP1(offer, x) STEP1(cut, x)
#endif
#else
#define INSTALL(x, q)
#define KEEPS(x)
#endif
#define FROM_EPOCH(x, q) FOLLOW(x, q, 0) FOLLOW(x, q, 1) HEAR(x, q) INSTALL(x, q)
#if EPOCHS > 2
#define FOLLOWS(x) FROM_EPOCH(x, 1) FROM_EPOCH(x, 2) FROM_EPOCH(x, 3)
#elif EPOCHS > 1
#define FOLLOWS(x) FROM_EPOCH(x, 1) FROM_EPOCH(x, 2)
#else
#define FOLLOWS(x) FROM_EPOCH(x, 1)
#endif

#ifdef REGISTRATION
#define REGISTERS(x) STEP1(register_start, x) STEP1(enter, x)
#else
#define REGISTERS(x)
#endif
#if DAMAGED > 0
#define DAMAGE_STEPS(x) STEP2(start_damaged, x, 0) STEP2(start_damaged, x, 1) STEP2(start_damaged, x, 2)
#else
#define DAMAGE_STEPS(x)
#endif
#if DAMAGED > 0 || defined(REGISTRATION) || defined(OUTSIDE)
#define REPAIRS(x) STEP1(leave, x) ONLY(now.s.epoch < EPOCHS, recover, x) STEP1(step_down, x)
#elif defined(DEAD_COLD_START)
#define REPAIRS(x) STEP1(leave, x)
#else
#define REPAIRS(x)
#endif
#ifdef SELLS
#define SELLING(x) STEP1(sell, x) STEP1(read_history, x)
#else
#define SELLING(x)
#endif
#ifdef HANDOVER
#define HANDS(x) STEP1(close_shard, x) STEP1(reopen, x) ONLY(now.s.epoch < EPOCHS, take_go, x)
#define HANDS2(x, y) STEP2(say_go, x, y)
#else
#define HANDS(x)
#define HANDS2(x, y)
#endif

#define NODE(x) \
  ONLY(now.s.epoch < EPOCHS, take_over, x) STEP1(become, x) \
  :: d_step { c_expr { (may_append(&now.s, x, ENTRIES)) } -> c_code { TELL("append", x, -1, -1) append(&now.s, x); DONE } } \
  STEP1(sync_log, x) \
  STEP1(advance, x) STEP1(learn, x) STEP1(settle, x) FOLLOWS(x) \
  STEP2(crash, x, 0) STEP2(crash, x, 1) STEP1(start, x) REGISTERS(x) STEP1(replace, x) DAMAGE_STEPS(x) REPAIRS(x) KEEPS(x) HANDS(x) SELLING(x)
#define PAIR(x, y) \
  STEP2(shrink, x, y) STEP3(admit, x, y, now.s.node[y].incarnation) STEP3(admit, x, y, now.s.node[y].incarnation - 1) HANDS2(x, y)

init {
  c_code { first_state(&now.s); }
end:
  do
#ifdef ALIVE
  :: d_step { c_expr { (dead(&now.s)) } -> c_code { uerror(broken ? broken : "S4 a dead state: nodes that could serve never will"); } }
#endif
  NODE(0)
  STEP0(execute)
  STEP1(crash_all, 0) STEP1(crash_all, 1) STEP1(crash_all, 2) STEP1(crash_all, 3)
#if NODES > 1
  NODE(1) PAIR(0, 1) PAIR(1, 0)
#endif
#if NODES > 2
  NODE(2) PAIR(0, 2) PAIR(2, 0) PAIR(1, 2) PAIR(2, 1)
  STEP1(crash_all, 4) STEP1(crash_all, 5) STEP1(crash_all, 6) STEP1(crash_all, 7)
#endif
#ifdef SELLS
  :: d_step { c_expr { (now.s.sell == SENT) } -> c_code { TELL("landed", -1, -1, -1) now.s.sell = LANDED; } }
  :: d_step { c_expr { (now.s.sell == SENT) } -> c_code { TELL("expired", -1, -1, -1) now.s.sell = EXPIRED; } }
#endif
  od
}
