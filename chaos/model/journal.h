/* The journal's rules (nodes/journal/README.md) for one shard, as functions on a plain struct. journal.pml lets Spin
   call them in every order; nothing here chooses, and nothing here loops over time.

   Each step is a pair: may_x says whether it is possible, x does it. One step is one atomic thing of the real system: a
   message taken, a sync finished, a transaction executed, a process ended. The network is a soup: what a leader of
   epoch q ever sent (`sent`) may reach a follower late, in part, or again; so may acknowledgements, kept per epoch,
   node and incarnation. A transaction whose answer is lost stays in `flight` and executes at any later time while the
   record has not moved.

   A broken promise of the journal ends the search through violated("..."); the texts S1..S8 are explained in README.md.
   Macros that are named after a broken rule switch that rule off; README.md maps them to the rules. */
#ifndef NODES
#define NODES 3 /* nodes */
#endif
#ifndef EPOCHS
#define EPOCHS 2 /* epochs while faults happen */
#endif
#ifndef ENTRIES
#define ENTRIES 1 /* entries while faults happen */
#endif
#ifndef CRASHES
#define CRASHES 1 /* crash events: one node, or all at once */
#endif
#ifndef DAMAGED
#define DAMAGED 0 /* starts whose store is damaged or old */
#endif
#ifndef MIN_ISR
#define MIN_ISR (NODES == 1 ? 1 : 2)
#endif
#ifdef ALIVE /* room for the healing phase */
enum { EPOCH_SLOTS = EPOCHS + 3, ENTRY_SLOTS = ENTRIES + 1, STARTS = CRASHES + 2 };
#else
enum { EPOCH_SLOTS = EPOCHS, ENTRY_SLOTS = ENTRIES, STARTS = CRASHES + 1 };
#endif
#ifdef REGISTRATION /* a crash during a start burns a number */
enum { INCARNATIONS = STARTS + 1 };
#else
enum { INCARNATIONS = STARTS };
#endif

typedef unsigned char u8;
enum { DOWN, STARTING, RUNNING };
enum { NO_SELL, SENT, LANDED, EXPIRED };

struct replica {
  /* on disk */
  u8 incarnation, born, promise, end, synced, log[ENTRY_SLOTS];
  /* in memory */
  u8 run, leads, hw, epoch_start, view[NODES],
      candidate; /* leads: the epoch that it leads, 0 = none; candidate: who << 4 | incarnation */
#ifdef LATE_BECOME
  u8 won,
      won_isr[NODES]; /* a take-over that succeeded and that the node has not acted on yet; the isr as it was then */
#endif
#ifdef SNAPSHOTS
  u8 snapshot, cut; /* on disk: index of the newest snapshot; entries below `cut` are gone from the journal */
#endif
#ifdef HANDOVER
  u8 closed; /* accepts no commands */
#endif
#ifdef SELLS
  u8 history; /* 0 not read in this leadership, 1 read, 2 read and it shows the sell */
#endif
#ifdef TRUNCATE_TO_HW
  u8 known_hw;
#endif
#ifdef OUTSIDE
  u8 over; /* on disk: it has led since the loss was accepted, and waited until who was alone had stopped */
#endif
};

struct shard {
  /* consensus store */
  u8 epoch, leader, leader_incarnation, isr[NODES],
      flight; /* isr: incarnation or 0; flight: an admission, who << 4 | incarnation */
#ifdef REGISTRATION
  u8 registered[NODES];
#endif
  struct replica node[NODES];
  /* soup */
  u8 begun[EPOCH_SLOTS + 1], sent_end[EPOCH_SLOTS + 1], sent[EPOCH_SLOTS + 1][ENTRY_SLOTS],
      acked[EPOCH_SLOTS + 1][NODES][INCARNATIONS + 1];
#ifdef SNAPSHOTS
  u8 sent_from[EPOCH_SLOTS + 1], offered[EPOCH_SLOTS + 1],
      cut_told[EPOCH_SLOTS + 1]; /* offered: a bit per snapshot index */
#endif
#ifdef HANDOVER
  u8 go; /* the leader's word to the target: (target + 1) << 4 | index; void as soon as the record moves */
#endif
#ifdef SELLS
  u8 sell, sell_index, sell_entry; /* the chain */
#endif
#ifdef TRUNCATE_TO_HW
  u8 hw_told[EPOCH_SLOTS + 1];
#endif
  /* what an observer notes down */
  u8 released[ENTRY_SLOTS], loss, crashes, damages;
};

static char* broken; /* the first broken promise */
static void violated(char* what) {
  if (!broken) broken = what;
}

/* ---- small words ---- */
static u8 code(int who, int incarnation) { return (u8)(who << 4 | incarnation); }
static u8 epoch_of(u8 entry) { return entry & 15; }
static int same_isr(const u8* a, const u8* b) { return memcmp(a, b, NODES) == 0; }
static int members(const u8* isr) {
  int count = 0;
  for (int y = 0; y < NODES; y++) count += isr[y] != 0;
  return count;
}
static int others(const u8* isr, int x) { return members(isr) - (isr[x] != 0); }
static int leads(const struct shard* s, int x) { return s->node[x].run == RUNNING && s->node[x].leads != 0; }
static int owns_record(const struct shard* s, int x) {
  return leads(s, x) && s->epoch == s->node[x].leads && s->leader == x && same_isr(s->isr, s->node[x].view);
}
static void record_moved(struct shard* s) {
  s->flight = 0;
#ifdef HANDOVER
  s->go = 0;
#endif
}
static void stop_leading(struct replica* n) {
  n->leads = n->hw = n->epoch_start = n->candidate = 0;
  memset(n->view, 0, NODES);
#ifdef HANDOVER
  n->closed = 0;
#endif
#ifdef SELLS
  n->history = 0;
#endif
}
static void truncate_to(struct replica* n, int end) {
  for (int i = end; i < n->end; i++) n->log[i] = 0;
  if (n->end > end) n->end = end;
  if (n->synced > end) n->synced = end;
#ifdef SNAPSHOTS
  if (n->snapshot > end) n->snapshot = end;
  if (n->cut > end) n->cut = end;
#endif
}

/* ---- rules 2, 3, 4: taking over ---- */
/* A take-over may execute when its author is down already. */
static int may_take_over(const struct shard* s, int x) {
#ifdef ELECT_ANY
  return s->leader != x || s->leader_incarnation != s->node[x].incarnation;
#elif defined(TAKEOVER_ANY_INCARNATION)
  return s->isr[x] != 0 && (s->leader != x || s->leader_incarnation != s->node[x].incarnation);
#else
  return s->isr[x] != 0 && (s->leader != x || s->leader_incarnation != s->isr[x]);
#endif
}
static void take_over(struct shard* s, int x) {
#ifdef ELECT_ANY
  s->isr[x] = s->node[x].incarnation;
#endif
#ifdef TAKEOVER_ANY_INCARNATION
  s->leader_incarnation = s->node[x].incarnation;
#else
  s->leader_incarnation = s->isr[x];
#endif
  s->epoch++;
  s->leader = x;
  record_moved(s);
#ifdef LATE_BECOME
  if (s->node[x].run == RUNNING && s->node[x].incarnation == s->leader_incarnation) {
    s->node[x].won = s->epoch;
    memcpy(s->node[x].won_isr, s->isr, NODES);
  }
#endif
}
/* what x does not have was lost when an operator said so */
static void drop_lost(struct shard* s, int x) {
  const struct replica* n = &s->node[x];
  for (int i = 0; i < ENTRY_SLOTS; i++)
    if (i >= n->end || n->log[i] != s->released[i]) s->released[i] = 0;
}
/* after an accepted loss its first leader releases nothing while an older one, out of everybody's reach, may */
static int waits_out(const struct shard* s, int x) {
#ifdef OUTSIDE
  return s->loss && s->node[x].leads >= s->loss && !s->node[x].over;
#else
  (void)s;
  (void)x;
  return 0;
#endif
}
static int may_become(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifdef LATE_BECOME
  if (n->run == RUNNING && n->won > n->promise) return 1;
#endif
  if (n->run != RUNNING || s->leader != x || s->leader_incarnation != n->incarnation) return 0;
#ifdef LEADER_RESUMES
  return s->epoch >= n->promise && n->leads != s->epoch;
#else
  return s->epoch > n->promise;
#endif
}
static void become(struct shard* s, int x) {
  struct replica* n = &s->node[x];
  const u8* isr = s->isr;
  int q = s->epoch;
#ifdef LATE_BECOME /* the record may have moved on meanwhile */
  if (n->won > n->promise) {
    q = n->won;
    isr = n->won_isr;
  }
  n->won = 0;
#endif
  n->promise = q;
  stop_leading(n);
  n->leads = q;
  memcpy(n->view, isr, NODES);
  n->epoch_start = n->synced = n->end;
  s->begun[q] = 1;
  s->sent_end[q] = n->end;
  memcpy(s->sent[q], n->log, ENTRY_SLOTS);
#ifdef SNAPSHOTS
  s->sent_from[q] = n->cut;
#endif
  if (waits_out(s, x)) drop_lost(s, x);
  for (int i = 0; i < ENTRY_SLOTS; i++)
    if (q == s->epoch && s->released[i] && (i >= n->end || n->log[i] != s->released[i]))
      violated("S2 a later leader lacks a released entry");
}

/* ---- rules 7 to 10: appending, syncing, releasing ---- */
static int may_append(const struct shard* s, int x, int most) {
  const struct replica* n = &s->node[x];
  if (!leads(s, x) || n->promise != n->leads || n->end >= most) return 0;
#ifdef SELLS
#ifndef NO_HISTORY
  if (!n->history) return 0;
#endif
  if (members(n->view) < MIN_ISR) return 1; /* rule 15: sells are not held back by rule 10 */
#endif
#if defined(HANDOVER) && !defined(HANDOVER_STILL_ACCEPTS)
  if (n->closed) return 0;
#endif
#ifdef NO_EPOCH_START
  return 1;
#else
  return n->hw >= n->epoch_start;
#endif
}
static void append(struct shard* s, int x) {
  struct replica* n = &s->node[x];
#ifdef SELLS
  int open = s->sell == SENT || s->sell == LANDED;
  int journalled = s->sell_index < n->end && n->log[s->sell_index] == s->sell_entry;
  if (s->epoch == n->leads && open && !journalled && !(s->sell == LANDED && n->history == 2))
    violated("S3 a leader accepts an entry without knowing of an unreplicated sell");
#endif
  /* the leader's incarnation marks an entry that was written again in the same epoch */
  n->log[n->end] = s->sent[n->leads][n->end] = n->leads | n->incarnation << 4;
  n->end++;
  s->sent_end[n->leads] = n->end;
}
static int may_sync_log(const struct shard* s, int x) {
  return s->node[x].run == RUNNING && s->node[x].synced < s->node[x].end;
}
static void sync_log(struct shard* s, int x) { s->node[x].synced = s->node[x].end; }

static int acked(const struct shard* s, int q, int y, int incarnation) {
#ifdef OLD_ACKS_COUNT
  int most = 0;
  for (int c = 0; c <= INCARNATIONS; c++)
    if (s->acked[q][y][c] > most) most = s->acked[q][y][c];
  (void)incarnation;
  return most;
#else
  return s->acked[q][y][incarnation];
#endif
}
/* every member of the maximal isr has acknowledged `index` entries in this epoch and in the incarnation that stands
 * there */
static int all_acked(const struct shard* s, int x, int index) {
  const struct replica* n = &s->node[x];
  for (int y = 0; y < NODES; y++) {
    int incarnation = n->view[y];
#ifndef NO_MAXIMAL_ISR
    if (!incarnation && n->candidate && n->candidate >> 4 == y) incarnation = n->candidate & 15;
#endif
    if (!incarnation) continue;
#ifdef OWN_WRITE_ASSUMED_DURABLE
    int own = n->end;
#else
    int own = n->synced;
#endif
    if ((y == x ? own : acked(s, n->leads, y, incarnation)) < index) return 0;
  }
  return 1;
}
static int may_advance(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifndef RECOVER_AT_ONCE
  for (int y = 0; y < NODES; y++)
    if (waits_out(s, x) && leads(s, y) && s->node[y].leads < n->leads) return 0;
#endif
  return leads(s, x) && n->hw < n->end && members(n->view) >= MIN_ISR && all_acked(s, x, n->hw + 1);
}
static void advance(struct shard* s, int x) {
  struct replica* n = &s->node[x];
  int lost =
      0; /* what an older leader releases now is lost: nobody has released anything since the loss was accepted */
#ifdef OUTSIDE
  if (waits_out(s, x)) {
    drop_lost(s, x);
    n->over = 1;
  }
  lost = s->loss;
  for (int y = 0; y < NODES; y++) lost = lost && !s->node[y].over;
#endif
  int i = n->hw++;
  if (s->released[i] && s->released[i] != n->log[i]) violated("S1 two values are released at one index");
  s->released[i] = n->log[i];
  for (int q = n->leads + 1; q <= EPOCH_SLOTS; q++)
    if (!lost && s->begun[q] && (i >= s->sent_end[q] || s->sent[q][i] != n->log[i]))
      violated("S2 a leader lacks what an older one releases");
#ifdef TRUNCATE_TO_HW
  s->hw_told[n->leads] = n->hw;
  if (n->hw > n->known_hw) n->known_hw = n->hw;
#endif
}

/* ---- rules 5, 6: following ---- */
static int fenced(const struct replica* n, int q) {
#ifdef NO_FOLLOWER_FENCE
  (void)n, (void)q;
  return 0;
#else
  return q < n->promise;
#endif
}
/* entries that x's log has in common with the journal of epoch q's leader; -1: what is left of the two journals does
 * not tell */
static int common(const struct shard* s, int x, int q) {
  const struct replica* n = &s->node[x];
  int i = 0;
#ifdef SNAPSHOTS
  i = n->cut > s->sent_from[q] ? n->cut : s->sent_from[q];
  if (i > 0 && (n->end < i || s->sent_end[q] < i || epoch_of(n->log[i - 1]) != epoch_of(s->sent[q][i - 1]))) return -1;
#endif
  while (i < n->end && i < s->sent_end[q] && epoch_of(n->log[i]) == epoch_of(s->sent[q][i])) i++;
  return i;
}
static int may_follow(const struct shard* s, int x, int q) {
  const struct replica* n = &s->node[x];
  return n->run == RUNNING && s->begun[q] && n->leads != q && !fenced(n, q);
}
static void raise_promise(struct replica* n, int q) {
  if (q <= n->promise) return;
  n->promise = q;
  stop_leading(n);
}
static void acknowledge(struct shard* s, int x, int q, int index) {
  u8* known = &s->acked[q][x][s->node[x].incarnation];
  if (index > *known) *known = index;
}
/* match, truncate, take up to `most` entries, sync, acknowledge */
static void follow(struct shard* s, int x, int q, int most) {
  struct replica* n = &s->node[x];
  int first = q > n->promise, match;
  raise_promise(n, q);
#ifdef TRUNCATE_TO_HW
  if (first && n->known_hw < n->end) truncate_to(n, n->known_hw);
#endif
  match = common(s, x, q);
#ifdef SNAPSHOTS
  if (match < n->snapshot) { /* -1 or a truncation below the own snapshot: only the leader's snapshot helps */
    int same = n->snapshot <= s->sent_end[q] && memcmp(n->log, s->sent[q], n->snapshot) == 0;
    if (q == s->epoch && !s->loss && !same) violated("S6 a replica's snapshot holds what its leader lacks");
    if (q == s->epoch && !s->loss && s->isr[x] == n->incarnation) violated("S7 an in-sync replica needs a snapshot");
    return;
  }
#endif
  if (match < n->end && (first || match < s->sent_end[q])) truncate_to(n, match);
  for (; most > 0 && match == n->end && match < s->sent_end[q]; most--, match++) n->log[n->end++] = s->sent[q][match];
#ifndef FOLLOWER_ACKS_UNSYNCED
  n->synced = n->end;
#endif
  acknowledge(s, x, q, match);
}
#ifdef TRUNCATE_TO_HW
static void hear_hw(struct shard* s, int x, int q) {
  struct replica* n = &s->node[x];
  int told = s->hw_told[q] < n->end ? s->hw_told[q] : n->end;
  if (told > n->known_hw) n->known_hw = told;
}
#endif

/* ---- rules 1, 8, 10, 11: the isr ---- */
static int may_shrink(const struct shard* s, int x, int y) {
  const struct replica* n = &s->node[x];
  if (!leads(s, x) || n->candidate || !n->view[y]) return 0;
#if defined(EARLY_SHRINK) || defined(NO_COMPARE_EPOCH)
  return 1;
#else
  return owns_record(s, x);
#endif
}
static void shrink(struct shard* s, int x, int y) {
#ifdef EARLY_SHRINK
  s->node[x].view[y] = 0;
#else
#ifdef NO_COMPARE_EPOCH
  memcpy(s->isr, s->node[x].view, NODES);
#endif
  s->isr[y] = 0;
  record_moved(s);
#endif
}
static int may_learn(const struct shard* s, int x) {
#ifdef EARLY_SHRINK
  return 0;
#endif
  const struct replica* n = &s->node[x];
  return leads(s, x) && s->epoch == n->leads && s->leader == x && !same_isr(n->view, s->isr);
}
static void learn(struct shard* s, int x) {
  memcpy(s->node[x].view, s->isr, NODES);
  if (!s->flight) s->node[x].candidate = 0;
}
static int admissible(const struct shard* s, int x, int y, int incarnation) {
  const struct replica* n = &s->node[x];
  int known = acked(s, n->leads, y, incarnation);
  if (known < n->hw) return 0;
#ifdef NO_EPOCH_START
  return 1;
#elif defined(GROW_NEEDS_HW)
  return known >= n->epoch_start && n->hw >= n->epoch_start;
#else
  return known >= n->epoch_start && all_acked(s, x, n->epoch_start);
#endif
}
static int may_admit(const struct shard* s, int x, int y, int incarnation) {
  const struct replica* n = &s->node[x];
  return owns_record(s, x) && incarnation > 0 && !n->candidate && !s->flight && !n->view[y] &&
         admissible(s, x, y, incarnation);
}
static void admit(struct shard* s, int x, int y, int incarnation) {
  s->node[x].candidate = s->flight = code(y, incarnation);
}
static int may_execute(const struct shard* s) { return s->flight != 0; }
static void execute(struct shard* s) {
  s->isr[s->flight >> 4] = s->flight & 15;
  record_moved(s);
}
static int may_settle(const struct shard* s, int x) {
#ifdef LOST_ANSWER_ASSUMED_FAILED
  return leads(s, x) && s->node[x].candidate;
#else
  return s->node[x].candidate && owns_record(s, x);
#endif
}
static void settle(struct shard* s, int x) {
  s->node[x].candidate = 0;
#if !defined(REREAD_ONLY) && !defined(LOST_ANSWER_ASSUMED_FAILED)
  record_moved(s); /* the own write of the same content */
#endif
}
static int may_step_down(const struct shard* s, int x) {
#ifdef OUTSIDE /* alone, and out of the store's reach for too long (rule 14) */
  if (leads(s, x) && !others(s->node[x].view, x) && s->node[x].candidate == 0) return 1;
#endif
  return leads(s, x) && s->node[x].leads != s->epoch;
}
static void step_down(struct shard* s, int x) { stop_leading(&s->node[x]); }

/* ---- rules 12, 13, 20: ends and starts ---- */
/* keep: an unsynced tail happened to reach the disk */
static void go_down(struct shard* s, int x, int keep) {
  struct replica* n = &s->node[x];
  n->run = DOWN;
  stop_leading(n);
#ifdef LATE_BECOME
  n->won = 0;
#endif
#ifdef PROMISE_NOT_SYNCED
  n->promise = 0;
#endif
#ifdef WAIT_FORGOTTEN
  n->over = s->loss;
#endif
  if (keep)
    n->synced = n->end;
  else
    truncate_to(n, n->synced);
}
static int may_crash(const struct shard* s, int x, int keep) {
  return s->node[x].run != DOWN && s->crashes < CRASHES && (!keep || s->node[x].synced < s->node[x].end);
}
static void crash(struct shard* s, int x, int keep) {
  s->crashes++;
  go_down(s, x, keep);
}
static int may_crash_all(const struct shard* s, int keep) {
  for (int x = 0; x < NODES; x++)
    if (keep >> x & 1 && s->node[x].synced == s->node[x].end) return 0;
  return s->crashes < CRASHES;
}
static void crash_all(struct shard* s, int keep) {
  s->crashes++;
  for (int x = 0; x < NODES; x++) go_down(s, x, keep >> x & 1);
}

static void mark_damaged(struct replica* n, int incarnation) {
#if !defined(INTACT_ASSUMED) && defined(KEEP_INCARNATION)
  n->born = incarnation + 1;
#elif !defined(INTACT_ASSUMED)
  n->born = incarnation;
#endif
}
static int may_start(const struct shard* s, int x) {
  return s->node[x].run == DOWN && s->node[x].incarnation < INCARNATIONS;
}
static void start(struct shard* s, int x) {
  struct replica* n = &s->node[x];
#ifdef NO_BORN_MARK
  n->born = 0;
#endif
#ifdef REGISTRATION
  int stored = n->incarnation, next = (stored > s->registered[x] ? stored : s->registered[x]) + 1;
#ifdef MATCH_EXACTLY
  if (stored != s->registered[x]) mark_damaged(n, next);
#else
  if (stored < s->registered[x]) mark_damaged(n, next);
#endif
#ifdef RUNS_UNREGISTERED
  n->incarnation = next;
  n->run = RUNNING;
#else
#ifndef INTENT_AFTER_REGISTRATION
  n->incarnation = next;
#endif
  n->run = STARTING;
#endif
#else
#ifndef KEEP_INCARNATION
  n->incarnation++;
#endif
  n->run = RUNNING;
#endif
}
#ifdef REGISTRATION
static int may_register_start(const struct shard* s, int x) {
#if defined(RUNS_UNREGISTERED) || defined(INTENT_AFTER_REGISTRATION)
  return s->node[x].run == (s->node[x].run == RUNNING ? RUNNING : STARTING) &&
         s->registered[x] <= s->node[x].incarnation &&
         (s->node[x].run == STARTING || s->registered[x] < s->node[x].incarnation);
#else
  return s->node[x].run == STARTING && s->registered[x] < s->node[x].incarnation;
#endif
}
/* the transaction executes; the node has not heard of it yet */
static void register_start(struct shard* s, int x) {
#ifdef INTENT_AFTER_REGISTRATION
  s->registered[x] = s->node[x].incarnation + 1;
#else
  s->registered[x] = s->node[x].incarnation;
#endif
}
static int may_enter(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifdef INTENT_AFTER_REGISTRATION
  return n->run == STARTING && s->registered[x] == n->incarnation + 1;
#else
  return n->run == STARTING && s->registered[x] == n->incarnation;
#endif
}
static void enter(struct shard* s, int x) {
  s->node[x].incarnation = s->registered[x];
  s->node[x].run = RUNNING;
}
#endif
/* how 0: the last entry is gone; 1: everything is, with the promise; 2: the folder is an old copy, with an older intent
 */
static int may_start_damaged(const struct shard* s, int x, int how) {
#ifndef REGISTRATION
  if (how == 2) return 0;
#endif
  return may_start(s, x) && s->damages < DAMAGED && s->node[x].end > 0 && (how < 2 || s->node[x].incarnation > 1);
}
static void start_damaged(struct shard* s, int x, int how) {
  struct replica* n = &s->node[x];
  s->damages++;
  if (how == 2) {
    n->incarnation--;
    n->born = 1;
  }
  truncate_to(n, how == 0 ? n->end - 1 : 0);
  if (how != 0) n->promise = 0;
#ifdef TRUNCATE_TO_HW
  n->known_hw = 0;
#endif
  start(s, x);
#if defined(REGISTRATION) && defined(INTENT_AFTER_REGISTRATION)
  mark_damaged(n, n->incarnation + 1);
#else
  mark_damaged(n, n->incarnation);
#endif
}
static int may_replace(const struct shard* s, int x) {
#ifdef DEAD_COLD_START
  return 0;
#endif
  const struct replica* n = &s->node[x];
  return n->run == RUNNING && s->isr[x] && s->isr[x] != n->incarnation && s->isr[x] >= n->born;
}
static void replace(struct shard* s, int x) {
  s->isr[x] = s->node[x].incarnation;
  record_moved(s);
#ifdef LEADER_RESUMES
  if (s->leader == x) s->leader_incarnation = s->node[x].incarnation;
#endif
}
static int may_leave(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifdef DEAD_COLD_START
  int must = s->isr[x] != n->incarnation;
#else
  int must = s->isr[x] < n->born;
#endif
#ifndef EMPTY_ISR
  if (!others(s->isr, x)) return 0;
#endif
  return n->run == RUNNING && s->isr[x] && must;
}
static void leave(struct shard* s, int x) {
  s->isr[x] = 0;
  record_moved(s);
}
/* the operator accepts the loss of what the last member had; OUTSIDE: also on a node that is no member, because the
   last one is out of everybody's reach */
static int may_recover(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifdef OUTSIDE
  if (n->run != RUNNING || s->isr[x] || members(s->isr) != 1 || s->loss) return 0;
#else
  if (n->run != RUNNING || !s->isr[x] || others(s->isr, x) || s->isr[x] >= n->born) return 0;
#endif
#if !defined(RECOVER_AT_ONCE) && !defined(OUTSIDE)
  for (int y = 0; y < NODES; y++)
    if (y != x && leads(s, y)) return 0;
#endif
  return 1;
}
static void recover(struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifndef OUTSIDE
  if (!s->damages) violated("S8 a loss has to be accepted though no store was damaged");
#endif
  s->epoch++;
  s->leader = x;
  s->leader_incarnation = n->incarnation;
  memset(s->isr, 0, NODES);
  s->isr[x] = n->incarnation;
  s->loss = s->epoch;
  record_moved(s);
  drop_lost(s, x);
}

/* ---- rule 18: snapshots and the cut ---- */
#ifdef SNAPSHOTS
static int may_take_snapshot(const struct shard* s, int x, int at) {
  const struct replica* n = &s->node[x];
  if (n->run != RUNNING || at <= n->snapshot || at > n->synced) return 0;
#ifdef SNAPSHOT_ABOVE_HW
  return 1;
#else
  if (leads(s, x)) return at <= n->hw;
  for (int i = 0; i < at; i++) /* a follower hears of hw from its leader, for entries that it has matched */
    if (s->released[i] == 0 || s->released[i] != n->log[i]) return 0;
  return 1;
#endif
}
static void take_snapshot(struct shard* s, int x, int at) { s->node[x].snapshot = at; }
static int may_offer(const struct shard* s, int x) {
  return leads(s, x) && s->node[x].snapshot > 0 && !(s->offered[s->node[x].leads] >> s->node[x].snapshot & 1);
}
static void offer(struct shard* s, int x) { s->offered[s->node[x].leads] |= 1 << s->node[x].snapshot; }
static int cut_allowed(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
  int lowest = n->snapshot;
#ifndef CUT_ABOVE_ISR
  if (!leads(s, x)) return s->cut_told[n->promise] < lowest ? s->cut_told[n->promise] : lowest;
  for (int y = 0; y < NODES; y++)
    if ((n->view[y] || (n->candidate && n->candidate >> 4 == y)) && s->node[y].snapshot < lowest)
      lowest = s->node[y].snapshot;
#endif
  return lowest;
}
static int may_cut(const struct shard* s, int x) {
  return s->node[x].run == RUNNING && cut_allowed(s, x) > s->node[x].cut;
}
static void cut(struct shard* s, int x) {
  struct replica* n = &s->node[x];
  n->cut = cut_allowed(s, x);
  if (leads(s, x) && n->cut > s->cut_told[n->leads]) s->cut_told[n->leads] = n->cut;
}
/* at 0: there is no snapshot yet, the replica starts from nothing */
static int may_install(const struct shard* s, int x, int q, int at) {
  const struct replica* n = &s->node[x];
  if (n->run != RUNNING || !s->begun[q] || n->leads == q) return 0;
  if (at ? !(s->offered[q] >> at & 1) : s->sent_from[q] > 0) return 0;
#ifdef SNAPSHOT_OLD_EPOCH
  if (q < n->promise) return at > 0;
#else
  if (fenced(n, q)) return 0;
#endif
#ifdef SNAPSHOT_REPLAYED
  if (at > 0) return 1;
#endif
  int match = common(s, x, q);
  return match < at || match < n->snapshot;
}
static void install(struct shard* s, int x, int q, int at) {
  struct replica* n = &s->node[x];
  raise_promise(n, q);
#ifdef SNAPSHOT_ACKED_EARLY
  int match = common(s, x, q), safe = match > 0 ? match : 0;
#else
  int safe = at;
#endif
  truncate_to(n, 0);
  memcpy(n->log, s->sent[q], at);
  n->end = n->snapshot = n->cut = at;
  n->synced = safe < at ? safe : at;
  acknowledge(s, x, q, at);
}
#endif

/* ---- planned hand-over ---- */
#ifdef HANDOVER
static int may_close_shard(const struct shard* s, int x) { return owns_record(s, x) && !s->node[x].closed; }
static void close_shard(struct shard* s, int x) { s->node[x].closed = 1; }
static int may_say_go(const struct shard* s, int x, int y) {
  const struct replica* n = &s->node[x];
  if (!owns_record(s, x) || !n->closed || s->go || s->flight || n->candidate || !s->isr[y]) return 0;
#ifdef HANDOVER_EARLY
  return 1;
#else
  return n->hw == n->end;
#endif
}
static void say_go(struct shard* s, int x, int y) { s->go = (u8)((y + 1) << 4 | s->node[x].end); }
static int may_take_go(const struct shard* s, int y) {
  const struct replica* n = &s->node[y];
  if (!s->go || (s->go >> 4) - 1 != y || n->run != RUNNING || s->isr[y] != n->incarnation) return 0;
#ifdef HANDOVER_EARLY
  return 1;
#else
  return n->synced == (s->go & 15) && n->end == n->synced;
#endif
}
static void take_go(struct shard* s, int y) {
  const struct replica *new_leader = &s->node[y], *old = &s->node[s->leader];
  if (leads(s, s->leader) && old->leads == s->epoch &&
      (old->end != new_leader->synced || memcmp(old->log, new_leader->log, ENTRY_SLOTS) != 0))
    violated("S5 a hand-over loses what the old leader accepted");
  take_over(s, y);
}
static int may_reopen(const struct shard* s, int x) { return s->node[x].closed && owns_record(s, x); }
static void reopen(struct shard* s, int x) {
  s->node[x].closed = 0;
#ifndef HANDOVER_CANCELLED_SILENTLY
  record_moved(s); /* the own write makes every go void */
#endif
}
#endif

/* ---- rule 15: an unreplicated sell ---- */
#ifdef SELLS
static int may_sell(const struct shard* s, int x) {
  const struct replica* n = &s->node[x];
#ifndef SELL_WHILE_GROWING
  if (n->candidate) return 0;
#endif
  return s->sell == NO_SELL && leads(s, x) && members(n->view) < MIN_ISR && !others(n->view, x) &&
         n->synced == n->end && n->end > n->hw && n->end > n->epoch_start;
}
static void sell(struct shard* s, int x) {
  s->sell = SENT;
  s->sell_index = s->node[x].end - 1;
  s->sell_entry = s->node[x].log[s->sell_index];
}
static int may_read_history(const struct shard* s, int x) {
#ifndef HISTORY_TOO_EARLY
  if (s->sell == SENT) return 0; /* waits until it has landed or expired */
#endif
  return leads(s, x) && !s->node[x].history;
}
static void read_history(struct shard* s, int x) { s->node[x].history = s->sell == LANDED ? 2 : 1; }
#endif

/* ---- S4: faults end, a way out exists ---- */
#ifdef ALIVE
/* The nodes in `set` run from now on, the others are gone; only the rules' own steps, in one fixed order. */
static int serves_again(const struct shard* before, int set) {
  struct shard copy = *before, *s = &copy;
  int fresh = 0, size = 0;
  record_moved(s);
#ifdef SELLS
  if (s->sell == SENT) s->sell = LANDED;
#endif
  for (int x = 0; x < NODES; x++) {
    size += set >> x & 1;
    if (!(set >> x & 1))
      go_down(s, x, 0);
    else if (s->node[x].run == DOWN)
      start(s, x);
#ifdef REGISTRATION
    if (s->node[x].run == STARTING || (s->node[x].run == RUNNING && s->registered[x] < s->node[x].incarnation)) {
      if (!may_enter(s, x)) register_start(s, x);
      enter(s, x);
    }
#endif
  }
  for (int round = 0; round < 8; round++) {
    for (int x = 0; x < NODES; x++) {
      const struct replica* boss = &s->node[s->leader];
      if (may_step_down(s, x)) step_down(s, x);
      if (may_replace(s, x)) replace(s, x);
      if (may_leave(s, x)) leave(s, x);
      if (may_recover(s, x)) recover(s, x);
      boss = &s->node[s->leader];
      if (s->node[x].run == RUNNING && s->isr[x] == s->node[x].incarnation && may_take_over(s, x) &&
          !(boss->run == RUNNING && s->leader_incarnation == boss->incarnation))
        take_over(s, x);
    }
    for (int x = 0; x < NODES; x++) {
      if (may_become(s, x)) become(s, x);
      if (may_learn(s, x)) learn(s, x);
    }
#ifdef SNAPSHOTS
    if (leads(s, s->leader)) { /* late copies of cut entries do not help here */
      s->sent_from[s->epoch] = s->node[s->leader].cut;
      s->offered[s->epoch] = 0;
      if (may_offer(s, s->leader)) offer(s, s->leader);
    }
#endif
    for (int x = 0; x < NODES; x++) {
#ifdef SNAPSHOTS
      for (int at = 0; at <= ENTRY_SLOTS; at++)
        if (may_install(s, x, s->epoch, at)) install(s, x, s->epoch, at);
#endif
      if (may_follow(s, x, s->epoch)) follow(s, x, s->epoch, ENTRY_SLOTS);
    }
    for (int x = 0; x < NODES; x++) {
      struct replica* n = &s->node[x];
      if (!leads(s, x) || n->leads != s->epoch) continue;
      n->candidate = 0;
      n->synced = n->end;
#ifdef HANDOVER
      if (may_reopen(s, x)) reopen(s, x);
#endif
#ifdef SELLS
      if (may_read_history(s, x)) read_history(s, x);
#endif
      for (int y = 0; y < NODES; y++) {
        if (y == x || !owns_record(s, x)) continue;
        if (s->node[y].run == RUNNING && !n->view[y] && admissible(s, x, y, s->node[y].incarnation))
          n->view[y] = s->isr[y] = s->node[y].incarnation;
        else if (s->node[y].run != RUNNING && n->view[y])
          n->view[y] = s->isr[y] = 0;
      }
      while (may_advance(s, x)) advance(s, x);
      if (!fresh && n->hw == n->end && may_append(s, x, ENTRY_SLOTS)) {
        append(s, x);
        fresh = 1;
      }
    }
  }
  const struct replica* boss = &s->node[s->leader];
  if (boss->run != RUNNING || boss->leads != s->epoch || s->leader_incarnation != boss->incarnation) return 0;
  if (members(s->isr) != size || !same_isr(boss->view, s->isr)) return 0;
  return size < MIN_ISR || (fresh && boss->hw == boss->end);
}
/* some set of nodes could serve (an intact member is among them, or all members are) and yet never will */
static int dead(const struct shard* s) {
  for (int set = 1; set < 1 << NODES; set++) {
    int intact = 0, all = 1;
    for (int x = 0; x < NODES; x++) {
      if (!s->isr[x]) continue;
      if (!(set >> x & 1))
        all = 0;
      else if (s->isr[x] >= s->node[x].born)
        intact = 1;
    }
    if ((intact || all) && (!serves_again(s, set) || broken)) return 1;
  }
  return 0;
}
#endif

/* ---- fewer states for the same answer ---- */
#ifndef STORY
/* Acknowledgements that no leader can count any more, and journals that every replica refuses, make no difference. */
static void forget(struct shard* s) {
  int lowest = EPOCH_SLOTS + 1;
#ifdef LATE_BECOME
  for (int x = 0; x < NODES; x++) {
    struct replica* n = &s->node[x];
    if (n->won <= n->promise) n->won = 0;
    if (!n->won) memset(n->won_isr, 0, NODES);
  }
#endif
  for (int x = 0; x < NODES; x++)
    if (s->node[x].promise < lowest) lowest = s->node[x].promise;
  for (int q = 1; q < s->epoch; q++) {
    int led = 0;
    for (int x = 0; x < NODES; x++) led |= s->node[x].leads == q;
    if (!led) memset(s->acked[q], 0, sizeof s->acked[q]);
#if !defined(NO_FOLLOWER_FENCE) && !defined(PROMISE_NOT_SYNCED) && !defined(SNAPSHOT_OLD_EPOCH)
    if (!led && q < lowest && s->damages >= DAMAGED) {
      s->begun[q] = s->sent_end[q] = 0;
      memset(s->sent[q], 0, ENTRY_SLOTS);
#ifdef SNAPSHOTS
      s->sent_from[q] = s->offered[q] = s->cut_told[q] = 0;
#endif
#ifdef TRUNCATE_TO_HW
      s->hw_told[q] = 0;
#endif
    }
#endif
  }
}
/* `from` with node x renamed to name[x] */
static void renamed(struct shard* to, const struct shard* from, const u8* name) {
  *to = *from;
  to->leader = name[from->leader];
  if (from->flight) to->flight = code(name[from->flight >> 4], from->flight & 15);
#ifdef HANDOVER
  if (from->go) to->go = (u8)((name[(from->go >> 4) - 1] + 1) << 4 | (from->go & 15));
#endif
  for (int x = 0; x < NODES; x++) {
    int z = name[x];
    to->isr[z] = from->isr[x];
#ifdef REGISTRATION
    to->registered[z] = from->registered[x];
#endif
    to->node[z] = from->node[x];
    for (int y = 0; y < NODES; y++) to->node[z].view[name[y]] = from->node[x].view[y];
#ifdef LATE_BECOME
    for (int y = 0; y < NODES; y++) to->node[z].won_isr[name[y]] = from->node[x].won_isr[y];
#endif
    if (from->node[x].candidate)
      to->node[z].candidate = code(name[from->node[x].candidate >> 4], from->node[x].candidate & 15);
    for (int q = 0; q <= EPOCH_SLOTS; q++) memcpy(to->acked[q][z], from->acked[q][x], INCARNATIONS + 1);
  }
}
/* Nodes have no order among them: of all renamings keep the least. */
static void normalise(struct shard* s) {
  static const u8 names[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  struct shard least, other;
  forget(s);
  least = *s;
  for (int i = 1; i < 6; i++) {
    int fits = 1;
    for (int x = 0; x < NODES; x++) fits &= names[i][x] < NODES;
    if (!fits) continue;
    renamed(&other, s, names[i]);
    if (memcmp(&other, &least, sizeof other) < 0) least = other;
  }
  *s = least;
}
#else
static void normalise(struct shard* s) { (void)s; } /* a story keeps the nodes' names */
#endif

static void first_state(struct shard* s) {
  memset(s, 0, sizeof *s);
  s->epoch = s->leader_incarnation = s->begun[1] = 1;
  for (int x = 0; x < NODES; x++) {
    struct replica* n = &s->node[x];
    n->incarnation = n->born = n->promise = s->isr[x] = 1;
    n->run = RUNNING;
#ifdef REGISTRATION
    s->registered[x] = 1;
#endif
  }
  s->node[0].leads = 1;
  memcpy(s->node[0].view, s->isr, NODES);
#ifdef SELLS
  s->node[0].history = 1;
#endif
  normalise(s);
}
