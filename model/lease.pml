/* lease.pml: who may call Meta for a lane, and in which order. See docs/protocol.md; the rules are numbered there.

   Two nodes, one lane, two messages to one recipient, policy `fail`. Every option of a `do` is one indivisible step of the world: a
   pause, a slow network or a partition is a node whose steps are not chosen while `Time` goes on. A statement takes two steps: it runs (and
   sees what is committed) and it commits, so that whatever can come between them does.

   Time is counted in ticks: a node calls while its last heartbeat is younger than WITHIN, a lane is free when its owner has been silent
   for FREE. What counts is their order, WITHIN < FREE < 2 WITHIN, as with 10 and 15 s. Ages stop counting there, so that the search ends.
   A node without a lane has no heartbeats here: it begins to live in the step in which it looks for one. */
#define WITHIN 3
#define FREE 4

#ifndef TICKS
#define TICKS 5             /* how much time passes in all                                      */
#endif
#ifndef CRASHES
#define CRASHES 1           /* kill -9, in all                                                  */
#endif
#ifndef REFUSALS
#define REFUSALS 1          /* Meta says no for now, in all                                     */
#endif
#ifndef LOSSES
#define LOSSES 0            /* answers about lanes that are lost after the commit, in all       */
#endif
#ifndef AT_ONCE
#define AT_ONCE 0           /* 1: the second message does not wait for the answer to the first  */
#endif
#ifndef APART
#define APART 0             /* 1: the messages go to two recipients                             */
#endif
#ifndef META_LATE
#define META_LATE 0         /* 1: Meta may take a call after we have given it up                */
#endif

/* The rules: 1 keeps one, 0 takes it away. */
#ifndef LEASE
#define LEASE 1             /* no call later than WITHIN after the last answered heartbeat was sent         */
#endif
#ifndef JUDGE
#define JUDGE 1             /* whether it came late is asked when its answer is there, not when it is sent   */
#endif
#ifndef ANEW
#define ANEW 1              /* after a late one, the own epoch is raised, if it is still the one held        */
#endif
#ifndef EPOCH
#define EPOCH 1             /* the check before a call compares the intent's epoch with the one held         */
#endif
#ifndef SOCKET
#define SOCKET 1            /* the check stands in the step that hands the request over: nothing queues      */
#endif
#ifndef COND
#define COND 1              /* a takeover holds only for the epoch that it saw                               */
#endif
#ifndef REGRANT
#define REGRANT 1           /* a lane that the table gives to a node that does not hold it, it takes again   */
#endif
#ifndef SWEEP
#define SWEEP 1             /* open attempts of a lower epoch become unknown whenever they are seen          */
#endif
#ifndef ATWORK
#define ATWORK 1            /* what a node is calling itself goes on when its epoch is raised                */
#endif
#ifndef HEAD
#define HEAD 1              /* only the oldest unsettled message of a recipient may be intended              */
#endif
#ifndef ONE
#define ONE 1               /* and only while none of that recipient has an open attempt                     */
#endif
#ifndef BUSY
#define BUSY 1              /* a node remembers the recipients whose statements are under way                */
#endif
#ifndef WIRE_END
#define WIRE_END 1          /* a predecessor's call lets followers go only when it is off the wire           */
#endif
#ifndef LATE_NO
#define LATE_NO 1           /* what was unknown once is never queued again                                   */
#endif

/* What must hold; PROP picks some of them. */
#define TWICE 1             /* nothing arrives at Meta twice                                    */
#define ORDER 2             /* first arrivals in the order of the sends (but for a sleeper)     */
#define DRIVE 4             /* no check passes under a lost epoch; one call at most leaves so   */
#define SINGLE 8            /* one call on the wire per recipient (but for a sleeper)           */
#define REST 16             /* at rest everything is settled, and agrees with Meta              */
#define SLEEPER 32          /* order without the exception: is violated, so the exception is real */
#ifndef PROP
#define PROP (TWICE|ORDER|DRIVE|SINGLE|REST)
#endif
#define MUST(p, holds) assert(!((PROP) & (p)) || (holds))

/* The table. */
#define NONE 0
#define QUEUED 1
#define INTENDED 2
#define UNKNOWN 3
#define SENT 4
#define LOST 5              /* failed/delivery_unknown                                          */
#define REJECTED 6          /* failed, and it never left                                        */
byte state[2], attempt[2], since[2] /* the epoch it was intended under */, place[2];
bit turn[2];                /* it stands in its recipient's way                                 */
byte places, owner, epoch = 1, silent[2];

/* A statement that has run and is not committed: whose, under which epoch. */
#define QUEUE 1             /* an accept that queues                                            */
#define OPEN 2              /* an accept, or a turn, that opens an attempt                      */
#define NOBODY 2
byte stmt[2], whose[2], under[2];

/* The nodes' memory. */
bit up[2], late[2], wasLate[2], first[2];
byte held[2], former[2], saw[2];
byte age[2];                /* of the last answered heartbeat, since it was sent                */
byte beat[2], beatAge[2];   /* the one under way                                                */
#define ASKED 1
#define DONE 2
#define READY 1             /* its intent is committed, the call is next                        */
#define CHECKED 2           /* it passed the check; the next thing the thread does is the call  */
#define CALLING 3
byte work[4], workAttempt[4], workEpoch[4];

/* The wire and Meta. Where a message has used up its attempts, REST says nothing. */
#define A 3
#define WIRE 1
#define TAKEN 2
#define GONE 3
#define REFUSED 4
byte call[2 * A];
bit sleeper[2 * A], answered[2], asked[2], inOrder;
byte ledger[2], overslept;  /* epochs under which a call left too late                          */
byte ticks = TICKS, crashes = CRASHES, refusals = REFUSALS, losses = LOSSES;

#define W (n * 2 + m)
#define CALL(m, a) call[(m) * A + (a) - 1]
#define THE_OTHER (1 - m)
#define ON_WIRE(m) (CALL(m,1) == WIRE || CALL(m,2) == WIRE || CALL(m,3) == WIRE)
#define AWAKE(n) (up[n] && (!SOCKET || (work[(n)*2] != CHECKED && work[(n)*2+1] != CHECKED)))
#define OWNS(n) (held[n] != 0 && owner == (n) && epoch == held[n])
#define FRESH(n) (age[n] < WITHIN)
#define MAY_CALL (held[n] != 0 && (!LEASE || FRESH(n)) && !late[n] && (!EPOCH || workEpoch[W] == held[n]))
#define BUSY_WITH(x) (BUSY && !APART && (work[n * 2 + (x)] != 0 || (stmt[x] == OPEN && whose[x] == n)))
#define IN_THE_WAY(x) (!APART && turn[x] && ((HEAD && place[x] < place[m]) || (ONE && state[x] != QUEUED)))

/* An attempt that did not reach Meta ends: queued again, unless it was unknown meanwhile. */
inline no() {
  if
  :: attempt[m] == workAttempt[W] && state[m] == INTENDED -> state[m] = QUEUED
  :: attempt[m] == workAttempt[W] && state[m] == UNKNOWN && LATE_NO -> state[m] = REJECTED; turn[m] = 0
  :: attempt[m] == workAttempt[W] && state[m] == UNKNOWN && !LATE_NO -> state[m] = QUEUED; turn[m] = 1
  :: else
  fi;
  work[W] = 0
}

inline sent() { if :: state[m] != REJECTED -> state[m] = SENT :: else fi; turn[m] = 0 }

inline committed() {
  if :: state[m] == NONE -> turn[m] = 1 :: else fi;
  if
  :: stmt[m] == QUEUE -> state[m] = QUEUED
  :: else -> state[m] = INTENDED; attempt[m]++; since[m] = under[m]
  fi;
  stmt[m] = 0
}

active proctype Time() {
  byte n;
  do
  :: d_step { ticks > 0 -> ticks--; n = 0;
       do
       :: n < 2 ->
          if :: age[n] < WITHIN -> age[n]++ :: else fi;
          if :: beat[n] != 0 && beatAge[n] < WITHIN -> beatAge[n]++ :: else fi;
          if :: silent[n] < FREE -> silent[n]++ :: else fi;
          n++
       :: else -> break
       od; n = 0; printf("time passes\n") }
  od
}

/* What a node does for its lanes. */
proctype Node(byte n) {
  byte m;
  do
  :: d_step { AWAKE(n) && held[n] != 0 && beat[n] == 0 && !late[n] && age[n] > 0 ->
       beat[n] = ASKED; beatAge[n] = 0; wasLate[n] = !FRESH(n); printf("node %d sends a heartbeat\n", n) }
  :: d_step { beat[n] == ASKED -> beat[n] = DONE; silent[n] = 0; printf("the heartbeat of node %d is in the table\n", n) }
  :: d_step { AWAKE(n) && beat[n] == DONE ->
       if
       :: held[n] != 0 && ANEW && (JUDGE -> !FRESH(n) : wasLate[n]) -> late[n] = 1
       :: else
       fi;
       age[n] = beatAge[n]; beat[n] = 0; wasLate[n] = 0; printf("node %d hears that it lives, late %d\n", n, late[n]) }

  /* taking its lane anew: the epoch first, then what was not called */
  :: d_step { AWAKE(n) && late[n] && former[n] == 0 ->
       if
       :: owner == n && (epoch == held[n] || epoch == held[n] + 1) -> former[n] = held[n]; epoch++; held[n] = epoch
       :: else -> held[n] = 0; late[n] = 0
       fi; printf("node %d takes its lane anew, epoch %d\n", n, held[n]) }
  :: d_step { losses > 0 && AWAKE(n) && late[n] && former[n] == 0 && owner == n && epoch == held[n] ->
       losses--; epoch++; printf("node %d takes its lane anew and does not hear of it\n", n) }
  :: d_step { AWAKE(n) && late[n] && former[n] != 0 -> m = 0;
       do
       :: m < 2 ->
          if
          :: state[m] == INTENDED && since[m] >= former[n] && since[m] < held[n] &&
             !(ATWORK && (work[W] == CHECKED || work[W] == CALLING)) -> state[m] = QUEUED
          :: else
          fi; m++
       :: else -> break
       od; m = 0; former[n] = 0; late[n] = 0; printf("node %d has queued again what it had not called\n", n) }

  /* a free lane: seen, and taken later */
  :: d_step { AWAKE(n) && !late[n] && saw[n] == 0 &&
              ((owner != n && silent[owner] == FREE) || (owner == n && held[n] != epoch && (first[n] || REGRANT))) ->
       saw[n] = epoch; if :: held[n] == 0 -> age[n] = 0; silent[n] = 0; beat[n] = 0 :: else fi; printf("node %d sees the lane free\n", n) }
  :: d_step { saw[n] != 0 && (saw[n] == epoch || !COND) ->
       owner = n; epoch++; held[n] = epoch; saw[n] = 0; first[n] = 0; printf("node %d TAKES the lane, epoch %d\n", n, epoch) }
  :: d_step { losses > 0 && saw[n] != 0 && saw[n] == epoch ->
       losses--; owner = n; epoch++; saw[n] = 0; first[n] = 0; printf("node %d TAKES the lane, epoch %d, and does not hear of it\n", n, epoch) }
  :: d_step { saw[n] != 0 && saw[n] != epoch && COND -> saw[n] = 0 }

  :: d_step { crashes > 0 && up[n] ->
       crashes--; up[n] = 0; held[n] = 0; former[n] = 0; late[n] = 0; saw[n] = 0; beat[n] = 0; age[n] = 0; wasLate[n] = 0; m = 0;
       do
       :: m < 2 -> work[W] = 0; workAttempt[W] = 0; workEpoch[W] = 0; if :: whose[m] == n -> whose[m] = NOBODY :: else fi; m++
       :: else -> break
       od; m = 0; printf("node %d CRASHES\n", n) }
  :: d_step { !up[n] -> up[n] = 1; first[n] = 1; printf("node %d starts again\n", n) }
  od
}

/* What a node does for a message. */
proctype Send(byte n; byte m) {
  do
  /* accept, by whichever node the request came to */
  :: d_step { AWAKE(n) && state[m] == NONE && stmt[m] == 0 && (m == 0 || AT_ONCE || APART || answered[0]) ->
       if :: m == 1 && !asked[1] && answered[0] -> inOrder = 1 :: else fi;
       asked[m] = 1; places = (state[THE_OTHER] == NONE && stmt[THE_OTHER] == 0 -> 1 : place[THE_OTHER] + 1); place[m] = places; whose[m] = n; under[m] = held[n];
       if
       :: OWNS(n) && !BUSY_WITH(THE_OTHER) && (APART || !turn[THE_OTHER]) -> stmt[m] = OPEN
       :: else -> stmt[m] = QUEUE
       fi; printf("node %d: accept of m%d runs, kind %d\n", n, m, stmt[m]) }
  /* its turn, by the owner (whose intents are held back while its lease has run out: left out) */
  :: d_step { AWAKE(n) && OWNS(n) && state[m] == QUEUED && stmt[m] == 0 && work[W] == 0 && attempt[m] < A && FRESH(n) && !late[n] &&
              !BUSY_WITH(THE_OTHER) && !IN_THE_WAY(THE_OTHER) ->
       stmt[m] = OPEN; whose[m] = n; under[m] = held[n]; printf("node %d: intent of m%d runs\n", n, m) }
  :: d_step { stmt[m] != 0 && whose[m] == n ->
       if :: stmt[m] == OPEN -> work[W] = READY; workAttempt[W] = attempt[m] + 1; workEpoch[W] = under[m] :: else fi;
       committed(); printf("commit for node %d: m%d is %d\n", n, m, state[m]) }

  :: d_step { AWAKE(n) && work[W] == READY && MAY_CALL ->
       MUST(DRIVE, workEpoch[W] == epoch); work[W] = CHECKED; printf("node %d: m%d may leave\n", n, m) }
  :: d_step { AWAKE(n) && work[W] == READY && !MAY_CALL -> no(); printf("node %d: m%d is held back\n", n, m) }
  :: d_step { up[n] && work[W] == CHECKED ->
       work[W] = CALLING; CALL(m, workAttempt[W]) = WIRE;
       printf("node %d CALLS for m%d, attempt %d, epoch %d of %d\n", n, m, workAttempt[W], workEpoch[W], epoch);
       if
       :: workEpoch[W] != epoch -> MUST(DRIVE, (overslept & (1 << workEpoch[W])) == 0);
          overslept = overslept | (1 << workEpoch[W]); sleeper[m * A + workAttempt[W] - 1] = 1
       :: else -> MUST(SINGLE, APART || !ON_WIRE(THE_OTHER) || sleeper[THE_OTHER * A + attempt[THE_OTHER] - 1])
       fi }

  :: d_step { AWAKE(n) && work[W] == CALLING && CALL(m, workAttempt[W]) == TAKEN -> sent(); work[W] = 0; printf("node %d records that m%d is sent\n", n, m) }
  :: d_step { AWAKE(n) && work[W] == CALLING && CALL(m, workAttempt[W]) == REFUSED -> no(); printf("node %d records a no for m%d: %d\n", n, m, state[m]) }
  :: d_step { AWAKE(n) && work[W] == CALLING && (CALL(m, workAttempt[W]) == GONE || META_LATE) && CALL(m, workAttempt[W]) != REFUSED ->
       if
       :: attempt[m] == workAttempt[W] && (state[m] == INTENDED || state[m] == UNKNOWN) -> state[m] = UNKNOWN; turn[m] = 0
       :: else
       fi; work[W] = 0; printf("node %d: no answer for m%d, %d\n", n, m, state[m]) }

  /* the watch */
  :: d_step { SWEEP && AWAKE(n) && OWNS(n) && state[m] == INTENDED && since[m] < held[n] && work[W] == 0 && stmt[m] == 0 ->
       state[m] = UNKNOWN; printf("node %d finds m%d open under epoch %d: unknown\n", n, m, since[m]) }
  :: d_step { AWAKE(n) && OWNS(n) && state[m] == UNKNOWN && turn[m] && (!WIRE_END || !ON_WIRE(m)) ->
       turn[m] = 0; printf("node %d lets the followers of m%d go\n", n, m) }
  :: d_step { AWAKE(n) && OWNS(n) && state[m] == UNKNOWN && !turn[m] && !ON_WIRE(m) ->
       state[m] = LOST; printf("node %d: m%d is delivery_unknown\n", n, m) }
  od
}

/* The client, PostgreSQL and Meta. */
proctype World(byte m) {
  do
  :: d_step { !answered[m] && state[m] != NONE -> answered[m] = 1; printf("m%d is answered 2xx\n", m) }
  :: d_step { stmt[m] != 0 && whose[m] == NOBODY -> committed(); printf("a statement that nobody waits for commits: m%d is %d\n", m, state[m]) }
  :: d_step { stmt[m] != 0 && whose[m] == NOBODY -> stmt[m] = 0; printf("and one for m%d rolls back\n", m) }
  od
}
proctype Meta(byte m; byte a) {
  do
  :: d_step { CALL(m, a) == WIRE ->
       MUST(TWICE, ledger[m] == 0);
       MUST(ORDER, APART || m == 1 || !inOrder || ledger[1] == 0 || ledger[0] > 0 || sleeper[m * A + a - 1]);
       MUST(SLEEPER, m == 1 || !inOrder || ledger[1] == 0 || ledger[0] > 0);
       ledger[m]++; CALL(m, a) = TAKEN; printf("META takes m%d, attempt %d\n", m, a) }
  :: d_step { CALL(m, a) == WIRE -> CALL(m, a) = GONE; printf("the call for m%d, attempt %d, dies\n", m, a) }
  :: d_step { CALL(m, a) == WIRE && refusals > 0 -> refusals--; CALL(m, a) = REFUSED; printf("Meta refuses m%d, attempt %d\n", m, a) }
  :: d_step { CALL(m, a) == TAKEN && state[m] != SENT && stmt[m] == 0 -> sent(); printf("webhook: m%d is %d\n", m, state[m]) }
  od
}

#define SETTLED(m) (state[m] >= SENT || (state[m] == NONE && !answered[m]))
#define AGREES(m) ((state[m] == SENT) == (ledger[m] > 0))
active proctype Judge() {
  timeout -> MUST(REST, (attempt[0] == A && state[0] == QUEUED) || (attempt[1] == A && state[1] == QUEUED) || SETTLED(0) && SETTLED(1) && AGREES(0) && AGREES(1));
end: false
}

init {
  d_step { up[0] = 1; up[1] = 1; held[0] = 1 }
  atomic {
    run Node(0); run Node(1);
    run Send(0, 0); run Send(0, 1); run Send(1, 0); run Send(1, 1);
    run World(0); run World(1);
    run Meta(0, 1); run Meta(0, 2); run Meta(0, 3); run Meta(1, 1); run Meta(1, 2); run Meta(1, 3)
  }
}
