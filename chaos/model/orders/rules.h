/* The rules of orders (actors/execution/README.md), one function each, by the names and in the order that they have in
   actors/execution/account_rules.hpp and evidence.hpp (and, for the host around the account, in the search of that
   code), so that the two can be compared. A switch that is set breaks its rule. Bounds and switches are read when a
   search starts, so that one build serves all searches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned char u8;

/* ---- what a search may be given: -DNAME or -DNAME=NUMBER in the variable SEARCH ---- */
/* clang-format off */
#define BOUNDS(X) /* name, what it is when it is not given */ \
  /* what may be asked for: an entry, one of a later event, exits; of one strategy or two */ \
  X(ENTRIES, 0) X(REENTRIES, 0) X(FULL_EXITS, 0) X(PART_EXITS, 0) X(TWO_STRATEGIES, 0) \
  /* tokens at the beginning; entries and positions that the limits allow */ \
  X(HOLDING, 0) X(EXPOSURE, 9) \
  /* blocks: that a blockhash lives, that an entry lives, that come in all, that are not finalized at a time */ \
  X(LIFETIME, 2) X(AGE, 1) X(BLOCKS, 4) X(UNFINALIZED, 2) \
  /* transactions that are signed; variants of a full exit that live at a time */ \
  X(TRANSACTIONS, 2) X(VARIANTS, 2) \
  /* how often: a leader ends; its stream has a gap; a confirmed block loses its confirmation; a fork begins; the */ \
  /* journal is restored from a copy older than all intents; the halt is said */ \
  X(CRASHES, 0) X(GAPS, 0) X(REVERTS, 0) X(FORKS, 0) X(RESTORES, 0) X(HALTS, 0) \
  /* whether: a leader that is gone may live on and send what it holds; the stream may lack a transaction of a block; */ \
  /* the leader is below min_isr; the operator says that no buy was lost */ \
  X(PAUSED, 1) X(LACKING, 0) X(ALONE, 0) X(NO_BUY_LOST, 0) \
  /* the chain refuses a second success 1: of an entry, 2: of any intent */ \
  X(ONCE_ACCOUNT, 0) \
  /* when one of these is set, only such violations count */ \
  X(T1, 0) X(T2, 0) X(T7, 0) X(FRESH, 0) \
  /* by the letter: nothing is signed that no journal knows; nobody sends an entry after the halt */ \
  X(T2_LITERAL, 0) X(T7_LITERAL, 0)
#define SWITCHES(X) \
  X(FAILED_FROM_PROCESSED) X(FAILED_FROM_CONFIRMED) X(SETTLED_AT_CONFIRMED) X(ONE_PROVIDER) X(HEIGHT_NOT_NEEDED) \
  X(HISTORY_FIRST) X(TWO_MACHINES) X(SPAN_FROM_ANYWHERE) X(GAP_IGNORED) X(CONTENT_NOT_COUNTED) X(AT_IS_BEYOND) \
  X(REJECTION_ENDS) X(NO_HISTORY) X(LAST_VALID_TOO_LOW) X(YOUNG_BLOCKHASH) X(LATE_OPENS) X(STALE_SIGNED) \
  X(NEXT_AT_ONCE) X(UNSENT_IS_CANCELED) X(PART_AGAIN) X(BUY_BESIDE_SELL) X(NO_EXCLUSION) X(BUYS_NOT_COUNTED) \
  X(SIGNED_AFTER_HALT) X(SENT_AFTER_HALT) X(SENT_PAST_LIFETIME) X(NOT_RESUMED) X(NO_QUARANTINE) \
  X(QUARANTINE_FROM_JOURNAL) X(PARTS_IN_QUARANTINE) X(SELLS_IN_QUARANTINE) X(FOUND_SELL_IGNORED) X(STALE_RECORD) \
  X(CAUSE_AGAIN) X(ENTRIES_SIDE_BY_SIDE) X(NO_RESERVATIONS) X(NOT_DURABLE_BEFORE_SEND) X(SIGNER_FORGETS_HALT) \
  X(SLOT_IN_CAUSE) X(FOUND_SELL_KEEPS_EXITS) X(SIZED_ON_PROCESSED) X(SIGNED_AGAIN_ON_TAKE_OVER)
/* clang-format on */

static struct {
#define X(name, value) int name;
  BOUNDS(X)
#undef X
} k;
static struct {
#define X(name) int name;
  SWITCHES(X)
#undef X
} off;

static int is_word(const char* word, size_t length, const char* name) {
  return strlen(name) == length && strncmp(word, name, length) == 0;
}
/* A word that nobody knows ends the program: a search with a misspelt switch would prove something else. */
static void read_switches(void) {
  const char* word = getenv("SEARCH");
#define X(name, value) k.name = value;
  BOUNDS(X)
#undef X
  for (word = word ? word : ""; *(word += strspn(word, " "));) {
    size_t all = strcspn(word, " "), length = strcspn(word, "= ");
    int known = 0, value = word[length] == '=' ? atoi(word + length + 1) : 1;
    if (strncmp(word, "-D", 2) == 0) {
#define X(name, value_)                                                                                                \
  if (is_word(word + 2, length - 2, #name)) known = 1, k.name = value;
      BOUNDS(X)
#undef X
#define X(name)                                                                                                        \
  if (is_word(word + 2, length - 2, #name)) known = 1, off.name = value;
      SWITCHES(X)
#undef X
    }
    if (!known) {
      printf("unknown switch: %.*s\n", (int)all, word);
      fflush(stdout);
      _exit(2);
    }
    word += all;
  }
}

/* ---- what the rules look at ---- */
enum commitment { PROCESSED, CONFIRMED, FINALIZED };
enum why_now { FAILOVER, BELOW_MIN_ISR, RESTORED };
/* what a provider says of one attempt */
struct testimony {
  int provider, finalized_height, height_read_first, height_from, history_from;
  int found; /* NO_WORD, SETTLED (without error), FAILED */
};

/* ---- what is seen, and how sure ---- */
static int settles_at(int c) { return c == FINALIZED || (off.SETTLED_AT_CONFIRMED && c == CONFIRMED); }
static int fails_at(int c) {
  return c == FINALIZED || off.FAILED_FROM_PROCESSED || (off.FAILED_FROM_CONFIRMED && c == CONFIRMED);
}
static int providers_differ(struct testimony a, struct testimony b) {
  return off.ONE_PROVIDER || a.provider != b.provider;
}
/* ---- what is dead ---- */
static int proves_absence(struct testimony t, int last_valid) {
  return off.HEIGHT_NOT_NEEDED || t.finalized_height > last_valid;
}
static int absence_is_ordered(struct testimony t) { return off.HISTORY_FIRST || t.height_read_first; }
static int one_machine(struct testimony t) { return off.TWO_MACHINES || t.height_from == t.history_from; }
static int begins_at_signing(int from, int anchor) { return off.SPAN_FROM_ANYWHERE || from <= anchor; }
static int chain_is_beyond(int to, int last_valid) { return off.AT_IS_BEYOND ? to >= last_valid : to > last_valid; }
static int rejection_ends(void) { return off.REJECTION_ENDS; }
static int history_counts(void) { return !off.NO_HISTORY; }
/* ---- signing ---- */
static int last_valid(int blockhash_at, int lifetime) {
  return blockhash_at + lifetime - (off.LAST_VALID_TOO_LOW ? 2 : 0);
}
static int dies_by(int confirmed, int max_age) { return confirmed + max_age + (off.YOUNG_BLOCKHASH ? 100 : 0); }
static int late_events_open(void) { return off.LATE_OPENS; }
static int is_fresh(int tip, int event, int max_age) {
  return off.LATE_OPENS || off.STALE_SIGNED || tip <= event + max_age;
}
static int next_attempt_waits(void) { return !off.NEXT_AT_ONCE; }
static int signed_is_perhaps_sent(void) { return !off.UNSENT_IS_CANCELED; }
static int part_has_one_attempt(void) { return !off.PART_AGAIN; }
static int buy_waits_for_sells(void) { return !off.BUY_BESIDE_SELL; }
static int variants_exclude_each_other(void) { return !off.NO_EXCLUSION; }
static int buys_bring_tokens(void) { return !off.BUYS_NOT_COUNTED; }
/* ---- sending ---- */
static int halt_stops_signing(void) { return !off.SIGNED_AFTER_HALT; }
static int halt_stops_sending(void) { return !off.SENT_AFTER_HALT; }
static int send_checks_lifetime(void) { return !off.SENT_PAST_LIFETIME; }
/* ---- taking over ---- */
static int resumes(void) { return !off.NOT_RESUMED; }
static int quarantine(int why) { return !off.NO_QUARANTINE && why != FAILOVER; }
static int quarantine_until(int highest_seen, int lifetime, int journal_end) {
  return (off.QUARANTINE_FROM_JOURNAL ? journal_end : highest_seen) + lifetime;
}
static int quarantine_holds_parts(void) { return !off.PARTS_IN_QUARANTINE; }
static int quarantine_holds_full_sells(int no_buy_lost) { return !off.SELLS_IN_QUARANTINE && !no_buy_lost; }
static int found_sell_stops_parts(void) { return !off.FOUND_SELL_IGNORED; }
static int found_sell_ends_exits(void) { return !off.FOUND_SELL_KEEPS_EXITS; }
static int unreplicated_needs_record(void) { return !off.STALE_RECORD; }
/* ---- limits and dedup ---- */
static int cause_is_once(void) { return !off.CAUSE_AGAIN; }
static int one_entry_per_position(void) { return !off.ENTRIES_SIDE_BY_SIDE; }
static int reservations_count(void) { return !off.NO_RESERVATIONS; }
/* ---- the stream's chain of finalized blocks ---- */
static int gap_restarts(void) { return !off.GAP_IGNORED; }
static int content_is_counted(void) { return !off.CONTENT_NOT_COUNTED; }
/* ---- the host around the account ---- */
static int durable_before_send(void) { return !off.NOT_DURABLE_BEFORE_SEND; }
static int signer_keeps_halt(void) { return !off.SIGNER_FORGETS_HALT; }
static int cause_is_the_event(void) { return !off.SLOT_IN_CAUSE; }
/* ---- here alone ---- */
static int sized_on_confirmed(void) { return !off.SIZED_ON_PROCESSED; }
static int take_over_keeps_attempts(void) { return !off.SIGNED_AGAIN_ON_TAKE_OVER; }
