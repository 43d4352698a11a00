/* outcome.pml: what becomes of one message whose answers are lost, refused or late. See docs/protocol.md; the rules are numbered there.

   One message and its attempts. Another one of the same number goes before it, and another later: their statuses are what the decision
   about an unknown outcome may rest on. Which node does what is lease.pml's matter. */

#ifndef RESEND
#define RESEND 0            /* the number's policy: 0 `fail`, 1 `resend`                               */
#endif
#ifndef LIES
#define LIES 0              /* Meta takes it and says 5xx, in all                                      */
#endif
#ifndef REFUSALS
#define REFUSALS 1          /* a no that is true, in all                                               */
#endif
#ifndef OWED
#define OWED 0              /* 1: a caller is owed a wamid, and its wait ends                          */
#endif

/* The rules: 1 keeps one, 0 takes it away. */
#ifndef UNSURE
#define UNSURE 1            /* without a clear word of Meta's the outcome is unknown                   */
#endif
#ifndef OPEN_ONLY
#define OPEN_ONLY 1         /* an outcome touches only the attempt that is open                        */
#endif
#ifndef ENDED
#define ENDED 1             /* silence counts from the end of the call                                 */
#endif
#ifndef EVIDENCE
#define EVIDENCE 1          /* sent again only after a status of another attempt was heard             */
#endif
#ifndef LATER
#define LATER 1             /* which must be a later one                                               */
#endif
#ifndef GAP
#define GAP 1               /* and after a gap of ours Meta has the time to tell again                 */
#endif
#ifndef ECHO
#define ECHO 1              /* a status overrides delivery_unknown                                     */
#endif
#ifndef SERVER_NO
#define SERVER_NO 1         /* after a no with 5xx the message counts as one that may have left        */
#endif
#ifndef LEFT
#define LEFT 1              /* what may have left is never withdrawn                                   */
#endif
#ifndef IN_QUEUE
#define IN_QUEUE 1          /* only what is queued is withdrawn                                        */
#endif
#ifndef DEADLINE
#define DEADLINE 1          /* the end of the wait stands in the row; the intent and the owner heed it */
#endif
#ifndef STRICT
#define STRICT 0            /* 1: a no with 5xx is unknown, too (we believe it: see TWICE)             */
#endif
#ifndef YIELD
#define YIELD 1             /* what fails after it may have left yields to a status that comes         */
#endif
/* What the evidence rests on. */
#ifndef TOLD_IN_ORDER
#define TOLD_IN_ORDER 1     /* Meta does not tell a later attempt while it keeps an earlier one back   */
#endif
#ifndef TAKEN_IN_TIME
#define TAKEN_IN_TIME 1     /* Meta takes nothing after we have given the call up                      */
#endif

#define TWICE 1             /* nothing arrives twice; under `fail` unless Meta says no and sends       */
#define GONE_NOT 2          /* withdrawn, rejected: never at Meta                                      */
#define REST 4              /* at rest: settled, and as Meta's ledger says                             */
#define BACK 8              /* no attempt is opened after the wait of a caller who is owed a wamid     */
#define EVER_TWICE 16       /* TWICE without its exception: is violated, so the exception is real      */
#ifndef PROP
#define PROP (TWICE|GONE_NOT|REST|BACK)
#endif
#define MUST(p, holds) assert(!((PROP) & (p)) || (holds))

#define QUEUED 0
#define INTENDED 1
#define UNKNOWN 2
#define SENT 3
#define LOST 4              /* failed/delivery_unknown                                                 */
#define REJECTED 5
#define WITHDRAWN 6
byte state, attempt, noes;
bit left, intending, opensLate, over, asker = 1;
byte reading;               /* an attempt that a watch has read as unknown, and decides about later    */

#define A 3
#define WIRE 1
#define DEAD 2
#define TAKEN 3
#define NO 4
#define NO_5XX 5
#define LIE 6
byte call[A + 2];
bit given[A + 2];           /* we have given the call up                                               */
#define UNTOLD 0
#define SWALLOWED 1         /* our door did not take it; Meta tries again                              */
#define TOLD 2
byte status[A + 2], ledger;
bit heardEarlier, heardLater;
byte lies = LIES, refusals = REFUSALS;

#define NOW call[attempt]
#define AT_META(a) (call[a] == TAKEN || call[a] == LIE)
#define QUIET(a) (!AT_META(a) || status[a] != UNTOLD)
#define RETRIED(a) (status[a] != SWALLOWED)

inline ends(next) { if :: !OPEN_ONLY || state == INTENDED || state == UNKNOWN -> state = next :: else fi }

active proctype Gateway() {
  do
  :: d_step { state == QUEUED && !intending && attempt < A && !(OWED && DEADLINE && over) -> intending = 1; opensLate = over; printf("the intent runs\n") }
  :: d_step { intending -> intending = 0;
       if :: state == QUEUED -> state = INTENDED; MUST(BACK, !opensLate); attempt++; call[attempt] = WIRE; printf("attempt %d is called\n", attempt) :: else fi }

  /* the answer; or none */
  :: d_step { attempt > 0 && NOW == TAKEN && !given[attempt] && state == INTENDED -> state = SENT; given[attempt] = 1; printf("answered: taken\n") }
  :: d_step { attempt > 0 && NOW == NO && !given[attempt] -> given[attempt] = 1; ends(QUEUED); printf("answered: no, for now\n") }
  :: d_step { attempt > 0 && NOW == NO && !given[attempt] -> given[attempt] = 1; if :: YIELD && left -> ends(LOST) :: else -> ends(REJECTED) fi; printf("answered: no, for good\n") }
  :: d_step { attempt > 0 && (NOW == NO_5XX || NOW == LIE) && !given[attempt] && !STRICT && noes < 2 ->
       given[attempt] = 1; noes++; if :: SERVER_NO -> left = 1 :: else fi; ends(QUEUED); printf("answered: 5xx, to be repeated\n") }
  :: d_step { attempt > 0 && (NOW == NO_5XX || NOW == LIE) && !given[attempt] && STRICT ->
       given[attempt] = 1; left = 1; ends(UNKNOWN); printf("answered: 5xx\n") }
  :: d_step { attempt > 0 && !given[attempt] && (NOW == DEAD || NOW == TAKEN || (NOW == WIRE && !TAKEN_IN_TIME)) ->
       given[attempt] = 1;
       if :: UNSURE -> left = 1; ends(UNKNOWN) :: else -> ends(QUEUED) fi; printf("no answer: %d\n", state) }
  :: d_step { !ENDED && state == INTENDED && NOW == WIRE -> state = UNKNOWN; left = 1; printf("called unknown before it has ended\n") }

  /* the decision: read now, made later */
  :: d_step { state == UNKNOWN && reading == 0 -> reading = attempt; printf("the watch reads attempt %d\n", reading) }
  :: d_step { reading != 0 && RESEND && attempt < A && (!EVIDENCE || heardLater || (!LATER && heardEarlier)) && (!GAP || RETRIED(reading)) ->
       if :: reading == attempt || !OPEN_ONLY -> ends(QUEUED) :: else fi; reading = 0; heardLater = 0; printf("decided: again, %d\n", state) }
  :: d_step { reading != 0 -> if :: reading == attempt || !OPEN_ONLY -> ends(LOST) :: else fi; reading = 0; printf("decided: delivery_unknown, %d\n", state) }

  /* withdrawn by the application, or because a wait has ended */
  :: d_step { !OWED && (state == QUEUED || (!IN_QUEUE && state == INTENDED)) && !intending && !(LEFT && left) ->
       state = WITHDRAWN; MUST(GONE_NOT, ledger == 0); printf("withdrawn by the application\n") }
  :: d_step { state == QUEUED && !intending && attempt == A ->
       state = (LEFT && left -> LOST : WITHDRAWN); MUST(GONE_NOT, state != WITHDRAWN || ledger == 0); printf("expired: %d\n", state) }
  :: d_step { OWED && !over -> over = 1; printf("the wait ends\n") }
  :: d_step { OWED && over && state == QUEUED && !intending && (asker || DEADLINE) ->
       state = (LEFT && left -> LOST : WITHDRAWN); MUST(GONE_NOT, state != WITHDRAWN || ledger == 0); printf("what is owed no more ends: %d\n", state) }
  :: d_step { OWED && asker -> asker = 0; printf("the node of the caller dies\n") }
  od
}

proctype Meta(byte a) {
  do
  :: d_step { call[a] == WIRE && (!TAKEN_IN_TIME || !given[a]) ->
       MUST(TWICE, ledger == 0 || LIES > lies); MUST(EVER_TWICE, ledger == 0); MUST(GONE_NOT, state != WITHDRAWN && state != REJECTED);
       ledger++; call[a] = TAKEN; printf("META takes attempt %d\n", a) }
  :: d_step { call[a] == WIRE -> call[a] = DEAD; printf("attempt %d dies\n", a) }
  :: d_step { call[a] == WIRE && refusals > 0 -> refusals--; call[a] = NO; printf("Meta refuses attempt %d\n", a) }
  :: d_step { call[a] == WIRE && refusals > 0 -> refusals--; call[a] = NO_5XX; printf("Meta refuses attempt %d with 5xx\n", a) }
  :: d_step { call[a] == WIRE && lies > 0 ->
       lies--; MUST(TWICE, !STRICT || ledger == 0); ledger++; call[a] = LIE; printf("META takes attempt %d and says 5xx\n", a) }

  :: d_step { AT_META(a) && status[a] != TOLD ->
       status[a] = TOLD; if :: state < LOST || (ECHO && state == LOST) -> state = SENT :: else fi; printf("status of attempt %d: %d\n", a, state) }
  :: d_step { AT_META(a) && status[a] == UNTOLD -> status[a] = SWALLOWED; printf("status of attempt %d meets a closed door\n", a) }
  :: d_step { a == attempt && state == UNKNOWN && !heardEarlier -> heardEarlier = 1; printf("a status of an earlier attempt is heard\n") }
  :: d_step { a == attempt && state == UNKNOWN && !heardLater && (!TOLD_IN_ORDER || QUIET(a)) ->
       heardLater = 1; printf("a status of a later attempt is heard\n") }
  od
}

active proctype Judge() {
  timeout ->
  MUST(REST, state >= SENT && (state == SENT) == (ledger > 0));
end: false
}

init { atomic { run Meta(1); run Meta(2); run Meta(3) } }
