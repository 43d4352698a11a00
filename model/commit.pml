/* commit.pml: the answer to the COMMIT of an accept is lost. See docs/protocol.md; the rules are numbered there.

   One node, one key. The caller repeats it if it likes, on another node; Meta takes everything at once. The accept is a statement that goes to
   the server, runs (and holds its key and its id), and commits or not, whatever becomes of the link meanwhile. */

#ifndef LOSSES
#define LOSSES 2            /* answers that are lost, in all                                           */
#endif

/* The rules: 1 keeps one, 0 takes it away. */
#ifndef VOID
#define VOID 1              /* the id is inserted as void: waits for the lost statement, or forbids it */
#endif
#ifndef LOOK
#define LOOK 1              /* what was accepted is read after that, not taken from what was inserted  */
#endif
#ifndef ANEW
#define ANEW 1              /* the lanes are taken anew, so that an intent nobody calls is queued again */
#endif
#ifndef AFTER
#define AFTER 1             /* and that comes after the void, not before                               */
#endif
#ifndef KEY
#define KEY 1               /* one message a key                                                       */
#endif

#define TRUE_503 1          /* what was told "not accepted" never arrives at Meta, and has not         */
#define KEPT 2              /* what was told "accepted" is at Meta in the end                          */
#define ONCE 4              /* of one key one message at most                                          */
#ifndef PROP
#define PROP (TRUE_503|KEPT|ONCE)
#endif
#define MUST(p, holds) assert(!((PROP) & (p)) || (holds))

#define NONE 0
#define FORBIDDEN 1
#define QUEUED 2
#define INTENDED 3
#define SENT 4
#define LOST 5              /* failed/delivery_unknown, although it was never called                   */
byte row[2], since, key;    /* key: 0 free, 1 the first call's, 2 the repeat's                         */
byte epoch = 1;

#define ON_THE_WAY 1
#define RUN 2
#define OVER 3              /* committed, rolled back, refused, or never run                           */
byte accept, under;
bit opens, beaten;

bit working;                /* the node is about to call for an intent it knows of                     */
bit cut, forbade, looked, renewed, accepted;
#define ACCEPTED 1
#define REFUSED 2
#define UNCLEAR 3
byte told[2], ledger[2], losses = LOSSES;

inline call(x) { ledger[x]++; row[x] = SENT; MUST(ONCE, ledger[0] + ledger[1] <= 1); MUST(TRUE_503, x == 1 || told[0] != REFUSED) }

active proctype Server() {
  do
  :: d_step { accept == ON_THE_WAY && row[0] == FORBIDDEN -> accept = OVER; printf("the statement finds its id forbidden\n") }
  :: d_step { accept == ON_THE_WAY && row[0] == NONE && KEY && key != 0 -> accept = OVER; beaten = 1; printf("the statement finds its key taken\n") }
  :: d_step { accept == ON_THE_WAY && row[0] == NONE && !(KEY && key != 0) -> accept = RUN; opens = (under == epoch); printf("the statement runs\n") }
  :: d_step { accept == RUN ->
       accept = OVER; key = 1; row[0] = (opens -> INTENDED : QUEUED); since = under; printf("the statement commits, intent %d\n", opens) }
  :: d_step { accept != OVER && cut -> accept = OVER; printf("the statement comes to nothing\n") }
  od
}

active proctype Node() {
  do
  :: d_step { accept == 0 -> accept = ON_THE_WAY; under = epoch; printf("a send, under epoch %d\n", epoch) }
  :: d_step { accept == OVER && !cut && told[0] == 0 -> told[0] = ACCEPTED; working = !beaten && opens; printf("answered: accepted\n") }
  :: d_step { accept != 0 && told[0] == 0 && !cut && losses > 0 -> losses--; cut = 1; printf("the link breaks\n") }

  /* before it answers: what became of it? */
  :: d_step { cut && !looked && !(VOID && accept == RUN) && (AFTER || renewed || !ANEW) ->
       forbade = 0; if :: VOID && row[0] == NONE -> row[0] = FORBIDDEN; forbade = 1 :: else fi;
       accepted = (LOOK -> row[0] > FORBIDDEN : (VOID && !forbade) || row[0] > FORBIDDEN);
       looked = 1; printf("the node looks: accepted %d\n", accepted) }
  :: d_step { cut && !looked && VOID && accept != RUN && (AFTER || renewed || !ANEW) && losses > 0 ->
       losses--; if :: row[0] == NONE -> row[0] = FORBIDDEN :: else fi; printf("the node looks, and does not hear of it\n") }
  :: d_step { cut && ANEW && !renewed && (looked || !AFTER) ->
       epoch++; renewed = 1; if :: row[0] == INTENDED && since < epoch && !working -> row[0] = QUEUED :: else fi;
       printf("the lane is taken anew, epoch %d\n", epoch) }
  :: d_step { cut && looked && (renewed || !ANEW) && told[0] == 0 ->
       told[0] = (accepted -> ACCEPTED : REFUSED); MUST(TRUE_503, accepted || ledger[0] == 0); printf("answered: %d\n", told[0]) }
  :: d_step { cut && told[0] == 0 -> told[0] = UNCLEAR; printf("answered: unknown, repeat with the key\n") }

  :: d_step { row[0] == INTENDED && working -> working = 0; call(0); printf("the first call's message is sent\n") }
  :: d_step { row[0] == QUEUED -> call(0); printf("the first call's message is sent in its turn\n") }
  :: d_step { row[0] == INTENDED && !working && !(accept == OVER && !cut && told[0] == 0) && !(cut && ANEW && !renewed) ->
       row[0] = LOST; printf("the watch finds an open attempt that nobody is at work on\n") }
  :: d_step { row[1] == QUEUED -> call(1); printf("the repeat's message is sent\n") }
  od
}

active proctype Caller() {
  do
  :: d_step { accept != 0 && told[1] == 0 && accept != RUN ->
       if :: !KEY || key == 0 -> key = 2; row[1] = QUEUED :: else fi; told[1] = ACCEPTED; printf("a repeat: the key is %d\n", key) }
  od
}

active proctype Judge() {
  timeout -> MUST(KEPT, told[0] != ACCEPTED || row[0] == SENT || (beaten && row[1] == SENT));
             MUST(KEPT, told[1] != ACCEPTED || row[0] == SENT || row[1] == SENT);
end: false
}
