/*
 * Quarantine by reconfiguration: a voter that is proven faulty leaves, another takes its place, n = 4; after
 * packages/consensus/src/epochs. HEIGHTS heights, LOOKAHEAD of them under way at once; changes in the first OUTS.
 *
 * Replicas 0 to 3 are epoch 0; 3 is Byzantine, and so is the newcomer 4 with -DLATE (then only 3 may leave). Blocks:
 * PLAIN and OTHER, which change nothing (two only where there is
 * no OUT to differ from); OUT3, which replaces 3 by 4; OUT0, which replaces the correct 0 by 4. The
 * first OUT that is executed counts; those after it change nothing. Epoch 1 is the one after OUT3, epoch 2 after OUT0.
 *
 * That the replicas of one epoch agree on one height is the matter of pbft.pml; here that is one vote of each correct
 * replica for each height and epoch, for any block, as an equivocating proposer would have it, and a quorum of equal
 * votes decides. The network keeps every vote; Byzantine votes are for everything. Who does not vote follows the
 * certificates.
 *
 * -DWEAK            a quorum is one short
 * -DWEAK_LOOKAHEAD  a change is in force for the very next height
 * -DWEAK_REMOVAL    two leave at once: OUT0 replaces 0 and 1 by 4 and 5
 * Each of them must be refuted.
 */
#define N 6
#ifndef HEIGHTS
#define HEIGHTS 4
#endif
#ifndef LOOKAHEAD
#define LOOKAHEAD 2
#endif
#ifndef OUTS
#define OUTS 1
#endif
#ifdef WEAK
#define Q 2
#else
#define Q 3
#endif
#ifdef WEAK_LOOKAHEAD
#define DELAY 0
#else
#define DELAY LOOKAHEAD
#endif

#define PLAIN 1
#define OTHER 2
#define OUT3 3
#define OUT0 4

#ifdef LATE
#define BYZANTINE(i) ((i) == 3 || (i) == 4)
#else
#define BYZANTINE(i) ((i) == 3)
#endif
#ifdef WEAK_REMOVAL
#define STAYS(i) ((i) == 2 || (i) == 3)
#define JOINS(i) ((i) == 4 || (i) == 5)
#else
#define STAYS(i) ((i) >= 1 && (i) <= 3)
#define JOINS(i) ((i) == 4)
#endif
#ifdef WEAK_REMOVAL
#define RUNS(i) true
#else
#define RUNS(i) ((i) != 5)
#endif
#define MEMBER(e, i) (((e) == 0 && (i) <= 3) || ((e) == 1 && ((i) <= 2 || (i) == 4)) || ((e) == 2 && (STAYS(i) || JOINS(i))))

#define AT(e, i, h) (((e) * N + (i)) * (HEIGHTS + 1) + (h))
byte vote[3 * N * (HEIGHTS + 1)];
bit plain[HEIGHTS + 1];  /* PLAIN has a vote: it and OTHER differ in name only, so that it may come first */
byte executed[N];
byte changedAt[N];  /* the height of the change that i has executed, 0 for none */
byte next[N];       /* the epoch it leads to */

byte decided[HEIGHTS + 1];    /* the block with a certificate */
byte decidedIn[HEIGHTS + 1];  /* the epoch that the certificate names */

/* The epoch of height h, as far as i can tell. */
#define EPOCH(i, h) ((changedAt[i] != 0 && (h) > changedAt[i] + DELAY) -> next[i] : 0)

#define FOR(e, i, h, x) (MEMBER(e, i) && (BYZANTINE(i) || vote[AT(e, i, h)] == (x)))
#define VOTES(e, h, x) (FOR(e, 0, h, x) + FOR(e, 1, h, x) + FOR(e, 2, h, x) + FOR(e, 3, h, x) + FOR(e, 4, h, x) + FOR(e, 5, h, x))
/* Correct voters for the block that are still there in epoch f, so that whoever joins can have it. */
#define KEEPS(e, f, i, h, x) (MEMBER(f, i) && !BYZANTINE(i) && FOR(e, i, h, x))
#define KEPT(e, f, h, x) (KEEPS(e, f, 0, h, x) || KEEPS(e, f, 1, h, x) || KEEPS(e, f, 2, h, x))

proctype Voter(byte i) {
	byte h, x, e, k;
	do
	/* Votes where it knows the epoch, and is in it: at most LOOKAHEAD above what it has executed. */
	:: atomic { executed[i] < HEIGHTS ->
		h = executed[i] + 1;
		do
		:: h < HEIGHTS && h < executed[i] + LOOKAHEAD -> h++
		:: break
		od;
		e = EPOCH(i, h);
		if
		:: MEMBER(e, i) && vote[AT(e, i, h)] == 0 ->
			if
			:: x = PLAIN
			:: h > OUTS && plain[h] -> x = OTHER
			:: h <= OUTS -> x = OUT3
#ifndef LATE
			:: h <= OUTS -> x = OUT0
#endif
			fi;
			vote[AT(e, i, h)] = x;
			plain[h] = plain[h] || x == PLAIN;
			if
			:: VOTES(e, h, x) >= Q ->
				/* One decision at each height, whichever epochs' quorums make it. */
				assert(decided[h] == 0 || (decided[h] == x && decidedIn[h] == e));
				decided[h] = x;
				decidedIn[h] = e;
				/* And some correct voter of whatever epoch comes next has it. */
				assert(e != 0 || (KEPT(0, 1, h, x) && KEPT(0, 2, h, x)))
			:: else
			fi
		:: else
		fi;
		h = 0;
		x = 0;
		e = 0 }

	/* Executes the next certified block. */
	:: atomic { executed[i] < HEIGHTS && decided[executed[i] + 1] != 0 ->
		executed[i]++;
		h = executed[i];
#ifndef WEAK_LOOKAHEAD
		/* The certificate names the epoch that this replica expects. */
		assert(decidedIn[h] == EPOCH(i, h));
#endif
		if
		:: decided[h] >= OUT3 && changedAt[i] == 0 ->
			changedAt[i] = h;
			next[i] = decided[h] - OUT3 + 1
		:: else
		fi;
		/* Votes on what all have executed are of no more use. */
		d_step {
			do
			:: k < N && (executed[k] >= h || BYZANTINE(k) || !RUNS(k)) -> k++
			:: else -> break
			od;
			if
			:: k == N ->
				k = 0;
				do
				:: k < 3 * N -> vote[k * (HEIGHTS + 1) + h] = 0; k++
				:: else -> break
				od
			:: else
			fi;
			k = 0;
			h = 0
		} }
	od
}

init {
	atomic {
		run Voter(0);
		run Voter(1);
		run Voter(2);
#ifndef LATE
		run Voter(4);
#endif
#ifdef WEAK_REMOVAL
		run Voter(5)
#endif
	}
}
