/* Do contenders for a shard come to an end? Discrete time, one shard, its leader (node 0) falls silent at tick 0 in epoch 1 and may come
   back at any tick. Nodes 1 and 2 are in-sync members; since when they miss beats is arbitrary. From tick 0 on every message and every
   transaction takes 0 to D ticks each way. A node that misses beats for SUSPECT ticks waits rank * RANK ticks more, then takes over by a
   compare-and-set on the record that names the suspected leader. When it learns of a newer epoch, it gives that leader SUSPECT ticks.
   Checked: at most TAKE_OVERS of them happen, and at tick END a leader of the record's epoch has been acknowledged by another member. */
#ifndef D
#define D 1
#endif
#ifndef SUSPECT
#define SUSPECT 5 /* more than a new leader needs until its first beat arrives: 2 D for the transaction, D for the beat, 1 between beats */
#endif
#ifndef RANK
#define RANK 4
#endif
#ifndef TAKE_OVERS
#define TAKE_OVERS 1
#endif
#ifndef END
#define END 24
#endif
#define FREE 255
mtype = { frozen, watching, waiting, asking, leading };

mtype phase[3];
byte epoch[3];    /* the newest epoch that a node knows, which is its promise */
byte timer[3];
byte beat[9];     /* age of the message from x to y at 3x + y, FREE = none */
byte beat_epoch[9];
byte answer[9];   /* acknowledgement, or refusal when its epoch is newer */
byte answer_epoch[9];
byte request[3];  /* age of a transaction, FREE = none */
byte request_on[3];
byte reply[3];    /* age of its answer */
byte reply_epoch[3]; /* the epoch that it won, 0 = lost */
byte record = 1, record_leader, now_tick, take_overs;
bool serving;
byte i;

inline watch(x) { phase[x] = watching; timer[x] = SUSPECT }
inline learn_epoch(x, e) { /* of a newer epoch */
  epoch[x] = e;
#ifdef NO_GRACE
  phase[x] = watching; timer[x] = 1 /* the beats that the old leader missed still count */
#else
  watch(x)
#endif
}
inline ask(x) { request[x] = 0; request_on[x] = epoch[x]; phase[x] = asking }

inline execute_request(x) {
  d_step { request[x] != FREE ->
    request[x] = FREE; reply[x] = 0; reply_epoch[x] = 0;
    if
#ifdef BLIND_TAKE_OVER
    :: true ->
#else
    :: request_on[x] == record ->
#endif
       record++; record_leader = x; reply_epoch[x] = record; serving = false; take_overs++;
       assert(take_overs <= TAKE_OVERS)
    :: else
    fi }
}
inline hear_reply(x) {
  d_step { reply[x] != FREE ->
    reply[x] = FREE;
    if
    :: phase[x] == frozen
    :: phase[x] != frozen && reply_epoch[x] > epoch[x] -> epoch[x] = reply_epoch[x]; phase[x] = leading
    :: phase[x] != frozen && reply_epoch[x] <= epoch[x] && phase[x] == asking -> /* lost, or won long ago: read the record */
       if
       :: record > epoch[x] ->
#ifdef RETRY_AT_ONCE
          epoch[x] = record; ask(x)
#else
          learn_epoch(x, record)
#endif
       :: else -> watch(x)
       fi
    :: else
    fi }
}
inline hear_beat(x, y) {
  d_step { beat[3*x+y] != FREE && phase[y] != frozen ->
    beat[3*x+y] = FREE;
    if
    :: beat_epoch[3*x+y] >= epoch[y] -> epoch[y] = beat_epoch[3*x+y]; watch(y)
    :: else
    fi;
    if :: answer[3*y+x] == FREE -> answer[3*y+x] = 0 :: else fi; /* it overtakes one that is under way */
    answer_epoch[3*y+x] = epoch[y] }
}
inline hear_answer(x, y) { /* y's answer reaches x */
  d_step { answer[3*y+x] != FREE && phase[x] != frozen ->
    answer[3*y+x] = FREE;
    if
    :: answer_epoch[3*y+x] > epoch[x] -> learn_epoch(x, answer_epoch[3*y+x])
    :: answer_epoch[3*y+x] == epoch[x] && phase[x] == leading && epoch[x] == record -> serving = true
    :: else
    fi }
}
#define LATE(age) (age != FREE && age >= D)
#define LATE_TO(x) (phase[x] != frozen && (LATE(beat[x]) || LATE(beat[3+x]) || LATE(beat[6+x]) || LATE(answer[x]) || LATE(answer[3+x]) || LATE(answer[6+x])))
#define LATE_OF(x) (LATE(request[x]) || LATE(reply[x]))
inline grow_older(age) { if :: age != FREE && age < D -> age++ :: else fi }
inline pass(x) {
  if
  :: phase[x] == watching -> timer[x]--;
     if :: timer[x] == 0 && x * RANK > 0 -> phase[x] = waiting; timer[x] = (x - 1) * RANK + 1
        :: timer[x] == 0 && x * RANK == 0 -> ask(x)
        :: else fi
  :: phase[x] == waiting -> timer[x]--; if :: timer[x] == 0 -> ask(x) :: else fi
  :: phase[x] == leading ->
     i = 0;
     do
     :: i < 3 -> if :: i != x && beat[3*x+i] == FREE -> beat[3*x+i] = 0; beat_epoch[3*x+i] = epoch[x] :: else fi; i++
     :: else -> break
     od; i = 0
  :: else
  fi
}

init {
  atomic {
    i = 0; do :: i < 9 -> beat[i] = FREE; answer[i] = FREE; i++ :: else -> break od;
    i = 0; do :: i < 3 -> request[i] = FREE; reply[i] = FREE; epoch[i] = 1; phase[i] = watching; i++ :: else -> break od; i = 0;
    phase[0] = frozen;
    select(i : 1 .. SUSPECT); timer[1] = i; select(i : 1 .. SUSPECT); timer[2] = i; i = 0
  }
end:
  do
  :: execute_request(0) :: execute_request(1) :: execute_request(2)
  :: hear_reply(0) :: hear_reply(1) :: hear_reply(2)
  :: hear_beat(0, 1) :: hear_beat(0, 2) :: hear_beat(1, 0) :: hear_beat(1, 2) :: hear_beat(2, 0) :: hear_beat(2, 1)
  :: hear_answer(0, 1) :: hear_answer(0, 2) :: hear_answer(1, 0) :: hear_answer(1, 2) :: hear_answer(2, 0) :: hear_answer(2, 1)
  :: d_step { phase[0] == frozen && now_tick < 12 -> phase[0] = leading } /* it still believes that it leads epoch 1 */
  :: d_step { now_tick < END && !LATE_TO(0) && !LATE_TO(1) && !LATE_TO(2) && !LATE_OF(0) && !LATE_OF(1) && !LATE_OF(2) ->
       now_tick++;
       i = 0; do :: i < 9 -> grow_older(beat[i]); grow_older(answer[i]); i++ :: else -> break od;
       i = 0; do :: i < 3 -> grow_older(request[i]); grow_older(reply[i]); i++ :: else -> break od; i = 0;
       pass(0); pass(1); pass(2) }
  :: d_step { now_tick == END -> assert(serving); now_tick = END + 1 }
  od
}
