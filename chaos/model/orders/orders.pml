/* Every order of the steps in orders.h, for one account. Bounds and switches come with the start of a search. */
c_decl {
\#include "orders.h"
}
c_state "struct world w" "Global"
#define W (&now.w)
/* a line of a story; `what` is a parenthesised list for printf */
#define TELL(what) if (readtrail) { printf("- "); printf what; printf("\n"); }
/* forgets what makes no difference any more and ends the search when something broke */
#define STEP(may, what, act) :: d_step { c_expr { (may) } -> c_code { TELL(what) act; finish(W); if (broken) uerror(broken); } }

#define BLOCKS_OF(block) \
  STEP(may_extend(W, block), ("block %d: %s", tip(W) + 1, block_name(W, block)), extend(W, block)) \
  STEP(may_extend_b(W, block), ("block %d of fork B: %s", W->fin + W->fork_at + W->n_b + 1, block_name(W, block)), extend_b(W, block)) \
  STEP(may_fork(W, 0, block), ("fork B begins, block %d: %s", W->fin + 1, block_name(W, block)), fork_off(W, 0, block)) \
  STEP(may_fork(W, 1, block), ("fork B begins, block %d: %s", W->fin + 2, block_name(W, block)), fork_off(W, 1, block)) \
  STEP(may_fork(W, 2, block), ("fork B begins, block %d: %s", W->fin + 3, block_name(W, block)), fork_off(W, 2, block))
#define SAW(t, what) STEP(may_observe(W, t, what), ("%s: %s", named(W, t), evidence_names[what]), observe(W, t, what))
#define TRANSACTION(t) \
  BLOCKS_OF(t + 1) BLOCKS_OF((t + 1 | 8)) \
  STEP(may_send(W, t), ("%s sent", named(W, t)), send(W, t)) \
  STEP(may_send_held_back(W, t), ("the deposed leader sends %s", named(W, t)), send_held_back(W, t)) \
  SAW(t, 0) SAW(t, 1) SAW(t, 2) SAW(t, 3) SAW(t, 4) SAW(t, 5) SAW(t, 6) SAW(t, 7) SAW(t, 8) SAW(t, 9) SAW(t, 10) SAW(t, 11) \
  SAW(t, 12) SAW(t, 13)
#define SIGN(i, young) \
  :: d_step { c_expr { (may_sign(W, i, young)) } -> c_code { \
    sign(W, i, young); \
    TELL(("signed: %s, sells %d, valid to %d", named(W, W->made - 1), W->tx[W->made - 1].amount, W->tx[W->made - 1].last_valid)) \
    finish(W); if (broken) uerror(broken); } }
#define INTENT(i) \
  STEP(may_ask(W, i), ("asked for %s", intent_names[i]), ask(W, i)) \
  SIGN(i, 0) SIGN(i, 1) \
  STEP(may_give_up(W, i), ("given up: %s", intent_names[i]), give_up(W, i))

init {
  c_code { first_world(W); }
end:
  do
  :: d_step { c_expr { (may_rest(W) && (rest(W), broken != 0)) } -> c_code { uerror(broken); } }
  BLOCKS_OF(0)
  STEP(may_confirm(W), ("confirmed: %d", W->fin + W->conf + 1), confirm(W))
  STEP(may_unconfirm(W), ("no longer confirmed: %d", W->fin + W->conf), unconfirm(W))
  STEP(may_drop_b(W), ("fork B dies"), drop_b(W))
  STEP(may_switch_to_b(W), ("fork A dies, B lives"), switch_to_b(W))
  STEP(may_finalize(W, 0), ("finalized: %d", W->fin + 1), finalize(W, 0))
  STEP(may_finalize(W, 1), ("finalized, the stream has a gap there: %d", W->fin + 1), finalize(W, 1))
  STEP(may_finalize(W, 2), ("finalized, the stream lacks its transaction: %d", W->fin + 1), finalize(W, 2))
  STEP(may_become_durable(W), ("durable: %s", named(W, W->pending - 1)), become_durable(W))
  INTENT(0) INTENT(1) INTENT(2) INTENT(3) INTENT(4)
  TRANSACTION(0) TRANSACTION(1) TRANSACTION(2) TRANSACTION(3)
  STEP(may_halt(W), ("halted"), halt(W))
  STEP(may_end_quarantine(W), ("the quarantine ends, the history is read in"), end_quarantine(W))
  STEP(may_crash(W, 0), ("the leader crashes"), crash(W, 0))
  STEP(may_crash(W, 1), ("the leader is paused and deposed, and lives"), crash(W, 1))
  STEP(may_sell_alone(W, 1), ("the leader, below min_isr, signs a full exit, is paused and deposed, and lives"), sell_alone(W, 1))
  STEP(may_sell_alone(W, 0), ("the deposed leader signs a full exit on a stale read"), sell_alone(W, 0))
  STEP(may_take_over(W), ("a new leader takes over"), take_over(W))
  STEP(may_restore(W), ("the journal is restored from an old copy"), restore(W))
  od
}
