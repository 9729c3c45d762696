/* One account's orders on a chain that forks, as functions on a plain struct. orders.pml lets Spin call them in every
   order; nothing here chooses, and nothing here loops over time. The rules are in rules.h; here is what they are tried
   on: a chain, a node that signs, journals, sends, crashes and lives on, providers that lag and lie.

   Each step is a pair: may_x says whether it is possible, x does it. One wallet, one mint. A buy brings 2 tokens, a
   part exit sells 1, a full exit what it read when it was signed; a block holds one transaction. Blocks that are not
   finalized form branch A and at most one competing branch B. Evidence is what one answer could make the leader
   believe, true or false; a step exists where the rules let it end an attempt.

   signed, submitted, in doubt, filled and reverted are one status here, OPEN: no rule of safety tells them apart. What
   is broken ends the search through violated("..."); README.md explains the names. */
#include "rules.h"

enum { TX = 4, DEPTH = 3, BASE = 10 };
enum intent { ENTRY, REENTRY, FULL, PART, ENTRY_AGAIN, INTENTS }; /* ENTRY_AGAIN: the entry's event, another cause */
enum status { NO_WORD, OPEN, SETTLED, FAILED, EXPIRED, ADOPTED }; /* ADOPTED: found on the chain, of no known intent */
enum result { NOWHERE, LANDED, LANDED_FAILED };                   /* finalized */
enum life { UNKNOWN, ASKED, ENDED };
enum { ERROR = 8 }; /* a block: transaction + 1, | ERROR */

struct transaction {
  u8 intent, amount, last_valid, fresh_by, anchor, result;
  u8 status; /* in the journal; NO_WORD: it does not know it, or not yet */
};
struct world {
  /* chain: n_a blocks above fin, conf of them confirmed; B leaves A after fork_at blocks */
  u8 fin, conf, n_a, n_b, fork_at, a[DEPTH], b[DEPTH], tokens;
  struct transaction tx[TX];
  u8 made, net, held_back; /* net: bytes out there; held_back: what a deposed leader may still send */
  /* the account */
  u8 intent[INTENTS], pending, halted, knows_halt, quarantine, sells_held, found_sell;
  /* the leader's stream: in_chain: among the linked blocks that it holds, which begin at held_from */
  u8 up, held_from, seen, in_chain, forgotten;
  /* a deposed leader that believes itself alone: what it knew of its full exit */
  u8 alone, alone_most, alone_least;
  /* what happened so far */
  u8 crashes, gaps, reverts, restores, forks, adopted;
};

static char* broken; /* the first violation that counts */
static void violated(char* what) {
  int all = !(k.T1 || k.T2 || k.T7 || k.FRESH);
  if (broken) return;
  if (all || (k.T1 && !strncmp(what, "T1 ", 3)) || (k.T2 && !strncmp(what, "T2 ", 3)) ||
      (k.T7 && !strncmp(what, "T7 ", 3)) || (k.FRESH && !strncmp(what, "FRESH ", 6)))
    broken = what;
}

/* ---- small words ---- */
static int in(int mask, int t) { return mask >> t & 1; }
static int is_buy(int i) { return i == ENTRY || i == REENTRY || i == ENTRY_AGAIN; }
static int purpose(int i) { return i == ENTRY_AGAIN ? ENTRY : i; }
static int tip(const struct world* w) { return w->fin + w->n_a; }
static int confirmed(const struct world* w) { return w->fin + w->conf; }
static int delta(const struct world* w, int t) { return is_buy(w->tx[t].intent) ? 2 : -(int)w->tx[t].amount; }
/* the last valid height as the journal has it; the struct has the chain's */
static int believed(const struct world* w, int t) { return last_valid(w->tx[t].last_valid - k.LIFETIME, k.LIFETIME); }
static int is_open(const struct world* w, int t) { return w->tx[t].status == OPEN; }
static int is_known(const struct world* w, int t) { return w->tx[t].status != NO_WORD || w->pending == t + 1; }
static int event_of(int i) { return i == REENTRY ? BASE + 1 : BASE; }
/* of an intent's attempts in the journal, those of this status */
static int count(const struct world* w, int i, int status) {
  int found = 0;
  for (int t = 0; t < w->made; t++) found += w->tx[t].intent == i && w->tx[t].status == status;
  return found;
}
static int attempts(const struct world* w, int i) {
  int found = 0;
  for (int t = 0; t < w->made; t++)
    found += w->tx[t].intent == i && w->tx[t].status != NO_WORD && w->tx[t].status != ADOPTED;
  return found;
}
static int booked(const struct world* w) {
  int sum = k.HOLDING;
  for (int t = 0; t < w->made; t++)
    if (w->tx[t].status == SETTLED || (w->tx[t].status == ADOPTED && w->tx[t].result == LANDED)) sum += delta(w, t);
  return sum;
}

/* ---- the chain ---- */
struct branch {
  int on, ok, tokens;
};
static void put(const struct world* w, struct branch* v, int block) {
  int t = (block & 7) - 1;
  if (t < 0) return;
  v->on |= 1 << t;
  if (block & ERROR) return;
  v->ok |= 1 << t;
  v->tokens += delta(w, t);
}
static struct branch at(const struct world* w, int on_b, int upto) {
  struct branch v = {0, 0, w->tokens};
  for (int t = 0; t < w->made; t++) {
    if (w->tx[t].result) v.on |= 1 << t;
    if (w->tx[t].result == LANDED) v.ok |= 1 << t;
  }
  for (int i = 0; i < upto; i++) put(w, &v, on_b && i >= w->fork_at ? w->b[i - w->fork_at] : w->a[i]);
  return v;
}
static int tokens_confirmed(const struct world* w) { return at(w, 0, w->conf).tokens; }
static int could_land(const struct world* w, int t) {
  return !w->tx[t].result && w->fin < w->tx[t].last_valid && (in(w->net | w->held_back, t) || is_open(w, t));
}
/* block: 0 or transaction + 1, | ERROR */
static int may_hold(const struct world* w, int on_b, int length, int block) {
  int t = (block & 7) - 1, height = w->fin + length + 1;
  struct branch v;
  if (height > BASE + k.BLOCKS || length >= k.UNFINALIZED) return 0;
  if (t < 0) return 1;
  if (t >= w->made || !in(w->net, t) || height > w->tx[t].last_valid) return 0;
  v = at(w, on_b, length);
  if (in(v.on, t)) return 0;
  if (block & ERROR) return 1;
  if (v.tokens + delta(w, t) < 0) return 0;
  if (k.ONCE_ACCOUNT == 2 || (k.ONCE_ACCOUNT && is_buy(w->tx[t].intent)))
    for (int o = 0; o < w->made; o++)
      if (in(v.ok, o) && purpose(w->tx[o].intent) == purpose(w->tx[t].intent)) return 0;
  return 1;
}
static void holds(const struct world* w, int height, int block) {
  int t = (block & 7) - 1;
  if (t >= 0 && !(block & ERROR) && is_buy(w->tx[t].intent) && height > w->tx[t].fresh_by)
    violated("FRESH an entry landed later than its age allows");
}
static int may_extend(const struct world* w, int block) { return may_hold(w, 0, w->n_a, block); }
static void extend(struct world* w, int block) {
  holds(w, tip(w) + 1, block);
  w->a[w->n_a++] = (u8)block;
}
static int may_extend_b(const struct world* w, int block) {
  return w->n_b && may_hold(w, 1, w->fork_at + w->n_b, block);
}
static void extend_b(struct world* w, int block) {
  holds(w, w->fin + w->fork_at + w->n_b + 1, block);
  w->b[w->n_b++] = (u8)block;
}
static int may_fork(const struct world* w, int from, int block) {
  struct world f;
  if (w->n_b || w->forks >= k.FORKS || from < w->conf || from >= w->n_a) return 0;
  f = *w;
  f.fork_at = (u8)from;
  return may_hold(&f, 1, from, block);
}
static void fork_off(struct world* w, int from, int block) {
  w->forks++;
  w->fork_at = (u8)from;
  holds(w, w->fin + from + 1, block);
  w->b[0] = (u8)block;
  w->n_b = 1;
}
static int may_drop_b(const struct world* w) { return w->n_b; }
static void drop_b(struct world* w) {
  w->n_b = w->fork_at = 0;
  memset(w->b, 0, DEPTH);
}
static int may_switch_to_b(const struct world* w) { return w->n_b && w->conf <= w->fork_at; }
static void switch_to_b(struct world* w) {
  for (int i = w->fork_at; i < DEPTH; i++) w->a[i] = i - w->fork_at < w->n_b ? w->b[i - w->fork_at] : 0;
  w->n_a = w->fork_at + w->n_b;
  drop_b(w);
}
static int may_confirm(const struct world* w) { return w->conf < w->n_a; }
static void confirm(struct world* w) { w->conf++; }
static int may_unconfirm(const struct world* w) { return w->conf && w->reverts < k.REVERTS; }
static void unconfirm(struct world* w) {
  w->conf--;
  w->reverts++;
}
/* how 0: the stream delivers the block, 1: it has a gap there, 2: it delivers the block without its transaction */
static int may_finalize(const struct world* w, int how) {
  if (!w->conf || (w->n_b && !w->fork_at)) return 0;
  return how == 0 || (w->up && (how == 1 ? w->gaps < k.GAPS : k.LACKING && w->a[0]));
}
static void finalize(struct world* w, int how) {
  int block = w->a[0], t = (block & 7) - 1;
  w->tokens = (u8)at(w, 0, 1).tokens;
  if (t >= 0) w->tx[t].result = block & ERROR ? LANDED_FAILED : LANDED;
  w->fin++;
  w->conf--;
  w->n_a--;
  memmove(w->a, w->a + 1, DEPTH - 1);
  w->a[DEPTH - 1] = 0;
  if (w->n_b) w->fork_at--;
  if (!w->up) return;
  w->gaps += how == 1;
  if ((how == 1 && gap_restarts()) || (how == 2 && content_is_counted())) { /* a chain begins with the next block */
    w->held_from = w->fin + 1;
    w->in_chain = 0;
  }
  if (t >= 0 && how == 0) {
    w->seen |= 1 << t;
    w->in_chain |= 1 << t;
  }
}

/* ---- what the account knows of money ---- */
/* the most tokens that any fork can hold, and the least that a living full sell takes (255: none lives) */
static int most_tokens(const struct world* w) {
  int most = booked(w);
  for (int t = 0; t < w->made; t++)
    if (is_buy(w->tx[t].intent) && is_open(w, t) && buys_bring_tokens()) most += 2;
  return most;
}
static int least_sell(const struct world* w) {
  int least = 255;
  for (int t = 0; t < w->made; t++)
    if (w->tx[t].intent == FULL && is_open(w, t) && w->tx[t].amount < least) least = w->tx[t].amount;
  return least;
}
static int excludes_all(int amount, int least, int most) {
  return !variants_exclude_each_other() || least == 255 || least + amount > most;
}
static int sell_is_alive(const struct world* w) { return count(w, FULL, OPEN) || count(w, PART, OPEN); }
/* A sell was found that no known intent signed: it may have been any exit's that was asked for before. */
static int parts_are_unsure(const struct world* w) { return found_sell_stops_parts() && w->found_sell; }
static int exits_are_unsure(const struct world* w) { return found_sell_ends_exits() && w->found_sell; }
static int exposure(const struct world* w) {
  return (w->intent[ENTRY] == ASKED) + (w->intent[REENTRY] == ASKED) + (w->intent[ENTRY_AGAIN] == ASKED) +
         (booked(w) + 1) / 2;
}

/* ---- intents ---- */
static const char* const intent_names[] = {"an entry", "a re-entry", "a full exit", "a part exit",
                                           "the entry, of another cause"};
static int may_ask(const struct world* w, int i) {
  static const int asked[] = {0, 1, 2, 3, 0};
  int wanted[] = {k.ENTRIES, k.REENTRIES, k.FULL_EXITS, k.PART_EXITS}, held = booked(w), on_chain = tokens_confirmed(w);
  int live = tip(w) <= event_of(i) + k.AGE || i == REENTRY;
  if (!w->up || w->pending || !wanted[asked[i]] || w->intent[i] == ASKED) return 0;
  if (i == ENTRY_AGAIN && (cause_is_the_event() || !w->forks)) return 0; /* it landed again, in another slot */
  if (w->intent[i] == ENDED && cause_is_once()) return 0;
  if (on_chain > held) held = on_chain;
  switch (i) {
  case FULL:
    return w->intent[FULL] != ASKED && held > 0 && !exits_are_unsure(w);
  case PART:
    return w->intent[FULL] != ASKED && held > 1 && !parts_are_unsure(w);
  }
  if (w->knows_halt || w->quarantine) return 0;
  if (!live && !late_events_open()) return 0;
  if (!is_fresh(tip(w), event_of(i), k.AGE)) return 0;
  if (one_entry_per_position()) {
    for (int o = 0; o < INTENTS; o++)
      if (is_buy(o) && w->intent[o] == ASKED && !(k.TWO_STRATEGIES && (o == REENTRY) != (i == REENTRY))) return 0;
    if (i != REENTRY && booked(w) > 0) return 0; /* re-entry is declared */
  }
  if (buy_waits_for_sells() && sell_is_alive(w)) return 0;
  return !reservations_count() || exposure(w) < k.EXPOSURE;
}
static void ask(struct world* w, int i) {
  for (int t = 0; t < w->made; t++) /* asked for again: what settled was another one's */
    if (w->tx[t].intent == i && (w->tx[t].status == SETTLED || w->tx[t].status == FAILED)) w->tx[t].status = ADOPTED;
  w->intent[i] = ASKED;
}
static int may_give_up(const struct world* w, int i) {
  if (!w->up || w->pending || w->intent[i] != ASKED || count(w, i, OPEN)) return 0;
  if (is_buy(i)) return !is_fresh(tip(w), event_of(i), k.AGE);
  return (i == PART && parts_are_unsure(w)) || (i == FULL && exits_are_unsure(w)) ||
         (booked(w) == 0 && most_tokens(w) == 0);
}
static void give_up(struct world* w, int i) { w->intent[i] = ENDED; }

/* ---- signing ---- */
static int may_sign(const struct world* w, int i, int young) {
  int amount = at(w, 0, sized_on_confirmed() ? w->conf : w->n_a).tokens;
  if (!w->up || w->pending || w->made >= k.TRANSACTIONS || w->intent[i] != ASKED || count(w, i, SETTLED)) return 0;
  if (i == FULL)
    return !young && !exits_are_unsure(w) && !(w->quarantine && w->sells_held) && count(w, i, OPEN) < k.VARIANTS &&
           amount > 0 && excludes_all(amount, least_sell(w), most_tokens(w));
  /* with the whole lifetime of a confirmed blockhash it would live too long */
  if (young && confirmed(w) + k.LIFETIME > dies_by(confirmed(w), k.AGE)) return 0;
  if (i == PART)
    return !(w->quarantine && quarantine_holds_parts()) && !parts_are_unsure(w) &&
           !(attempts(w, i) && part_has_one_attempt()) && tokens_confirmed(w) >= 1;
  if ((w->knows_halt && halt_stops_signing()) || (w->halted && signer_keeps_halt()) || w->quarantine) return 0;
  if (count(w, i, OPEN) && next_attempt_waits()) return 0;
  return is_fresh(tip(w), event_of(i), k.AGE) && !(sell_is_alive(w) && buy_waits_for_sells());
}
static int make(struct world* w, int i, int amount, int lives) {
  struct transaction* x = &w->tx[w->made];
  x->intent = (u8)i;
  x->amount = (u8)amount;
  x->last_valid = (u8)(confirmed(w) + lives);
  x->fresh_by = (u8)(is_buy(i) ? confirmed(w) + k.AGE : 0);
  x->anchor = w->fin;
  return w->made++;
}
static void sign(struct world* w, int i, int young) {
  int t = w->made;
  if (is_buy(i) && w->halted) violated("T7 an entry is signed after the halt");
  if (purpose(i) == ENTRY && tip(w) > BASE + k.AGE) violated("FRESH an entry is signed for an old event");
  if (i != FULL)
    for (int o = 0; o < w->made; o++)
      if (purpose(w->tx[o].intent) == purpose(i) && (could_land(w, o) || w->tx[o].result == LANDED))
        violated("T1b signed while an older attempt could land or has landed");
  make(w, i, i == FULL ? at(w, 0, sized_on_confirmed() ? w->conf : w->n_a).tokens : i == PART,
       i == FULL || young ? k.LIFETIME : k.AGE);
  w->pending = (u8)(t + 1);
}
static int may_become_durable(const struct world* w) { return w->up && w->pending; }
static void become_durable(struct world* w) {
  w->tx[w->pending - 1].status = OPEN;
  w->pending = 0;
}

/* ---- sending ---- */
static int may_send(const struct world* w, int t) {
  if (!w->up || t >= w->made || in(w->net, t) || w->tx[t].result || w->fin >= w->tx[t].last_valid) return 0;
  if (!is_open(w, t)) return !durable_before_send() && w->pending == t + 1;
  if (is_buy(w->tx[t].intent) && w->knows_halt && halt_stops_sending()) return 0;
  return !send_checks_lifetime() || tip(w) < believed(w, t);
}
static void send(struct world* w, int t) {
  if (!is_open(w, t)) violated("T4 sent before it is durable");
  if (is_buy(w->tx[t].intent) && w->halted) violated("T7 an entry is sent after the halt");
  w->net |= 1 << t;
}

/* ---- evidence ---- */
enum evidence {
  STREAM_FINALIZED,
  STREAM_CONFIRMED,
  STREAM_PROCESSED,
  STREAM_FORK_B,
  LINKED_BLOCKS,    /* do not hold it */
  TWO_PROVIDERS,    /* honest, both at the finalized height */
  LAGGING_AND_LIAR, /* the honest one has not come further than signing */
  LIAR_NOT_FOUND,
  LIAR_LANDED,
  LIAR_FAILED,
  ASKED_TOO_EARLY, /* the history was asked when it was signed, the height read now */
  TWO_HEIGHTS,     /* the height is another machine's */
  REJECTED,        /* by a lane; it went out */
  NEVER_SUBMITTED, /* no entry of a send */
  EVIDENCES
};
static const char* const evidence_names[] = {"stream: finalized",
                                             "stream: confirmed",
                                             "stream: processed",
                                             "stream: processed on B",
                                             "linked finalized blocks do not hold it",
                                             "two providers",
                                             "lagging provider and liar: not found",
                                             "one liar: not found",
                                             "one liar: landed",
                                             "one liar: failed",
                                             "history asked before the height",
                                             "height and history of two machines",
                                             "rejected by a lane",
                                             "no send is journalled"};
static int sighted(int commitment, int block) {
  if (block & ERROR) return fails_at(commitment) ? FAILED : NO_WORD;
  return settles_at(commitment) ? SETTLED : NO_WORD;
}
static int block_of(const u8* blocks, int from, int to, int t) {
  for (int i = from; i < to; i++)
    if ((blocks[i] & 7) == t + 1) return blocks[i];
  return 0;
}
static int judge_testimonies(const struct world* w, int t, struct testimony a, struct testimony b) {
  if (!history_counts() || !providers_differ(a, b) || a.found != b.found) return NO_WORD;
  if (a.found) return sighted(FINALIZED, a.found == FAILED ? ERROR : 0);
  if (!proves_absence(a, believed(w, t)) || !proves_absence(b, believed(w, t))) return NO_WORD;
  if (!absence_is_ordered(a) || !absence_is_ordered(b) || !one_machine(a) || !one_machine(b)) return NO_WORD;
  return EXPIRED;
}
/* how the attempt ends by this, NO_WORD: it does not */
static int judge(const struct world* w, int t, int what) {
  const struct transaction* x = &w->tx[t];
  int true_word = x->result == LANDED ? SETTLED : x->result == LANDED_FAILED ? FAILED : NO_WORD, block;
  /* provider, finalized height, height first, machine of the height, machine of the history, found */
  struct testimony honest = {1, w->fin, 1, 1, 1, true_word}, other = {2, w->fin, 1, 2, 2, true_word};
  struct testimony liar = {3, 250, 1, 3, 3, NO_WORD};
  switch (what) {
  case STREAM_FINALIZED:
    return in(w->seen, t) ? sighted(FINALIZED, x->result == LANDED ? 0 : ERROR) : NO_WORD;
  case STREAM_CONFIRMED:
    return (block = block_of(w->a, 0, w->conf, t)) ? sighted(CONFIRMED, block) : NO_WORD;
  case STREAM_PROCESSED:
    return (block = block_of(w->a, w->conf, w->n_a, t)) ? sighted(PROCESSED, block) : NO_WORD;
  case STREAM_FORK_B:
    return (block = block_of(w->b, 0, w->n_b, t)) ? sighted(PROCESSED, block) : NO_WORD;
  case LINKED_BLOCKS:
    if (w->held_from > w->fin || in(w->in_chain, t)) return NO_WORD;
    return begins_at_signing(w->held_from, x->anchor) && chain_is_beyond(w->fin, believed(w, t)) ? EXPIRED : NO_WORD;
  case TWO_PROVIDERS:
    return judge_testimonies(w, t, honest, other);
  case LAGGING_AND_LIAR:
    honest.finalized_height = liar.finalized_height = x->anchor;
    honest.found = NO_WORD;
    return judge_testimonies(w, t, honest, liar);
  case LIAR_NOT_FOUND:
    return judge_testimonies(w, t, liar, liar);
  case LIAR_LANDED:
    liar.found = SETTLED;
    return judge_testimonies(w, t, liar, liar);
  case LIAR_FAILED:
    liar.found = FAILED;
    return judge_testimonies(w, t, liar, liar);
  case ASKED_TOO_EARLY:
    honest.found = NO_WORD;
    honest.height_read_first = 0;
    return judge_testimonies(w, t, honest, liar);
  case TWO_HEIGHTS:
    honest.found = NO_WORD;
    honest.history_from = 88;
    return judge_testimonies(w, t, honest, liar);
  case REJECTED:
    return in(w->net, t) && rejection_ends() ? EXPIRED : NO_WORD;
  case NEVER_SUBMITTED:
    return signed_is_perhaps_sent() ? NO_WORD : EXPIRED;
  }
  return NO_WORD;
}
static int may_observe(const struct world* w, int t, int what) {
  return w->up && !w->pending && t < w->made && is_open(w, t) && judge(w, t, what) != NO_WORD;
}
/* An intent ends with its last living attempt; entries go on until their event is old, full exits until nothing is
 * left. */
static void end_attempt(struct world* w, int t, int status) {
  int i = w->tx[t].intent;
  w->tx[t].status = (u8)status;
  if (!count(w, i, OPEN) && (count(w, i, SETTLED) || i == PART)) w->intent[i] = ENDED;
}
static void observe(struct world* w, int t, int what) { end_attempt(w, t, judge(w, t, what)); }

/* ---- halt ---- */
static int may_halt(const struct world* w) { return w->up && !w->pending && k.HALTS && !w->halted; }
static void halt(struct world* w) { w->halted = w->knows_halt = 1; }

/* ---- crashes, take-overs, restores ---- */
static void go_down(struct world* w, int paused) {
  w->crashes++;
  w->up = w->seen = w->in_chain = w->held_from = w->forgotten = 0;
  if (paused)
    for (int t = 0; t < w->made; t++)
      if (is_open(w, t)) w->held_back |= 1 << t;
  if (paused && k.ALONE && w->intent[FULL] == ASKED && !(w->quarantine && w->sells_held) &&
      count(w, FULL, OPEN) < k.VARIANTS && !count(w, FULL, SETTLED)) {
    w->alone = 1;
    w->alone_most = (u8)most_tokens(w);
    w->alone_least = (u8)least_sell(w);
  }
  if (!w->pending) return;
  if (k.T2_LITERAL) violated("T2 signed, and no journal knows it");
  if (!in(w->net, w->pending - 1) && !w->tx[w->pending - 1].result) /* unsent bytes of a dead leader are nowhere */
    memset(&w->tx[--w->made], 0, sizeof w->tx[0]);
  w->pending = 0;
}
static int may_crash(const struct world* w, int paused) {
  return w->up && w->crashes < k.CRASHES && (!paused || k.PAUSED);
}
static void crash(struct world* w, int paused) {
  go_down(w, paused);
  if (!paused) w->alone = w->alone_most = w->alone_least = 0;
}
static int may_send_held_back(const struct world* w, int t) { return in(w->held_back, t) && !in(w->net, t); }
static void send_held_back(struct world* w, int t) {
  if (k.T7_LITERAL && w->halted && is_buy(w->tx[t].intent))
    violated("T7 a deposed leader sends an entry after the halt");
  w->net |= 1 << t;
}
/* Below min_isr a leader signs a full exit at local fsync: nobody else hears of it. in_time 1: at the moment in which
   it is paused, its read of the record was true; 0: later, on a read that is no longer. */
static int may_sell_alone(const struct world* w, int in_time) {
  int amount = tokens_confirmed(w);
  struct world then;
  if (w->made >= k.TRANSACTIONS || !k.ALONE) return 0;
  if (!in_time)
    return w->alone && !unreplicated_needs_record() && amount > 0 &&
           excludes_all(amount, w->alone_least, w->alone_most);
  if (!may_crash(w, 1) || w->pending || !amount) return 0;
  then = *w;
  go_down(&then, 1);
  return then.alone && excludes_all(amount, then.alone_least, then.alone_most);
}
static void sell_alone(struct world* w, int in_time) {
  if (in_time) go_down(w, 1);
  w->held_back |= 1 << make(w, FULL, tokens_confirmed(w), k.LIFETIME);
  w->alone = w->alone_most = w->alone_least = 0;
}
static void lead(struct world* w, int why) {
  int journal_end = BASE;
  w->up = 1;
  w->held_from = w->fin;
  for (int t = 0; t < w->made; t++) {
    if (!is_open(w, t)) continue;
    if (w->tx[t].anchor > journal_end) journal_end = w->tx[t].anchor;
    if (!resumes()) w->forgotten |= 1 << t;
    if (!take_over_keeps_attempts()) w->tx[t].status = EXPIRED;
  }
  if (!quarantine(why)) return;
  journal_end = quarantine_until(tip(w), k.LIFETIME, journal_end);
  if (journal_end > w->quarantine) w->quarantine = (u8)journal_end;
  if (quarantine_holds_full_sells(k.NO_BUY_LOST)) w->sells_held = 1;
}
static int may_take_over(const struct world* w) { return !w->up; }
static void take_over(struct world* w) { lead(w, k.ALONE ? BELOW_MIN_ISR : FAILOVER); }
static int may_restore(const struct world* w) { return !w->up && w->restores < k.RESTORES; }
static void restore(struct world* w) {
  w->restores++;
  w->held_back = w->alone = w->alone_most = w->alone_least = 0; /* old nodes are fenced off */
  memset(w->intent, UNKNOWN, INTENTS);
  for (int t = 0; t < w->made; t++) w->tx[t].status = NO_WORD;
  w->knows_halt = w->quarantine = w->sells_held = w->found_sell = 0;
  lead(w, RESTORED);
}
/* every transaction of our keys since the journal's end is read in */
static int may_end_quarantine(const struct world* w) {
  return w->up && !w->pending && w->quarantine && w->fin > w->quarantine;
}
static void end_quarantine(struct world* w) {
  w->quarantine = w->sells_held = 0;
  w->adopted = 1;
  for (int t = 0; t < w->made; t++) {
    if (is_known(w, t) || !w->tx[t].result) continue;
    w->tx[t].status = ADOPTED;
    if (w->tx[t].result == LANDED && !is_buy(w->tx[t].intent)) w->found_sell = 1;
  }
}

/* ---- what must hold, seen from the chain ---- */
static void check(const struct world* w) {
  int landed[INTENTS] = {0};
  for (int t = 0; t < w->made; t++) {
    const struct transaction* x = &w->tx[t];
    if (!x->result) continue;
    if (x->result == LANDED && ++landed[purpose(x->intent)] > 1) violated("T1 two transactions of one intent landed");
    if (!is_known(w, t) && w->up && !w->quarantine) violated("T2 on the chain, and the journal does not know it");
    if (x->status == EXPIRED || (x->status == SETTLED && x->result == LANDED_FAILED) ||
        (x->status == FAILED && x->result == LANDED))
      violated("T3 the journal says otherwise than the chain");
  }
  if (!w->adopted && !w->restores && exposure(w) > k.EXPOSURE) violated("T5 more exposure than allowed");
}
/* Without new faults, signing or lies the leader alone brings everything to its end, and the books to the chain's.
   Tried where nothing is unfinalized: from elsewhere the chain's own steps lead to such a world. */
static int may_rest(const struct world* w) { return w->n_a == 0 && w->n_b == 0; }
static int honest(int what) { return what <= TWO_PROVIDERS && what != STREAM_PROCESSED && what != STREAM_FORK_B; }
static void rest(const struct world* before) {
  struct world copy = *before, *w = &copy;
  int stuck = 0;
  w->held_back = 0;
  if (!w->up) take_over(w);
  if (w->pending) become_durable(w);
  for (int round = 0; round < 2 * k.LIFETIME + 3; round++) {
    for (int moved = 1; moved;) {
      moved = 0;
      for (int t = 0; t < w->made; t++)
        for (int what = 0; what < EVIDENCES; what++)
          if (honest(what) && may_observe(w, t, what) && !in(w->forgotten, t)) observe(w, t, what), moved = 1;
      if (may_end_quarantine(w)) end_quarantine(w), moved = 1;
      for (int i = 0; i < INTENTS; i++)
        if (may_give_up(w, i)) give_up(w, i), moved = 1;
    }
    w->n_a = w->conf = 1; /* an empty block */
    w->a[0] = 0;
    finalize(w, 0);
  }
  for (int t = 0; t < w->made; t++) stuck |= is_open(w, t);
  for (int i = 0; i < INTENTS; i++)
    stuck |= w->intent[i] == ASKED && (is_buy(i) || (i == PART && attempts(w, i)) || w->tokens == 0);
  if (stuck || w->quarantine) violated("T8 stuck: an attempt, an intent or the quarantine never ends");
  if (booked(w) != w->tokens) violated("T3 at rest the books are not the chain's");
}

/* ---- fewer states for the same answer: what no later step can tell apart is made the same ---- */
static void forget(struct world* w) {
  int lowest = w->fin;
  for (int t = 0; t < w->made; t++) {
    struct transaction* x = &w->tx[t];
    int still = is_open(w, t) || w->pending == t + 1;
    if (x->result || w->fin >= x->last_valid) {
      w->net &= ~(1 << t);
      w->held_back &= ~(1 << t);
      x->fresh_by = 0;
      if (!still) x->last_valid = 0;
    }
    if (still && x->anchor < lowest) lowest = x->anchor;
    if (!still) {
      x->anchor = 0;
      w->seen &= ~(1 << t);
      w->in_chain &= ~(1 << t);
      w->forgotten &= ~(1 << t);
    }
  }
  if (w->held_from <= lowest && w->up) w->held_from = 1;
}
/* A search in which an intent that may be asked for never settles proves nothing of it. */
static int settled;
static void tell_unsettled(void) {
  int wanted[] = {k.ENTRIES, k.REENTRIES, k.FULL_EXITS, k.PART_EXITS};
  for (int i = 0; i < 4; i++)
    if (wanted[i] && !in(settled, i)) printf("never settled: %s\n", intent_names[i]);
}
static void finish(struct world* w) {
  for (int t = 0; t < w->made; t++)
    if (w->tx[t].status == SETTLED) settled |= 1 << w->tx[t].intent;
  if (unreplicated_needs_record()) w->alone = w->alone_most = w->alone_least = 0;
  forget(w);
  check(w);
}
/* for stories: B1, the entry's first transaction; R a re-entry's, S a full exit's, P a part exit's */
static const char* named(const struct world* w, int t) {
  static char text[4];
  int number = 1;
  for (int o = 0; o < t; o++) number += purpose(w->tx[o].intent) == purpose(w->tx[t].intent);
  text[0] = "BRSPB"[w->tx[t].intent];
  text[1] = (char)('0' + number);
  return text;
}
static const char* block_name(const struct world* w, int block) {
  static char text[24];
  snprintf(text, sizeof text, "%s%s", block & 7 ? named(w, (block & 7) - 1) : "empty",
           block & ERROR ? " with an error" : "");
  return text;
}
static void first_world(struct world* w) {
  memset(w, 0, sizeof *w);
  read_switches();
  atexit(tell_unsettled);
  w->fin = BASE;
  w->up = w->held_from = 1;
  w->tokens = (u8)k.HOLDING;
}
