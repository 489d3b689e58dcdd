/*
 * PBFT with view change, one height, n = 4, one Byzantine replica, VIEWS views; after packages/consensus/src/pbft.
 *
 * The network keeps every message for ever and shows it to whom it likes, when it likes: what a replica may do
 * depends only on what has been signed, so there are no channels. This covers loss, delay, reordering and
 * duplication. A restart changes nothing, since votes and views are durable before they are sent.
 * The Byzantine replica BYZ is no process: it has signed everything from the start. It counts in every quorum,
 * proposes both values to everyone, builds any new-view that checks, and claims whatever it can prove.
 *
 * -DWEAK         a quorum is one short
 * -DWEAK_CARRY   a new view is free although something was prepared
 * -DWEAK_ORDER   a new view takes the value prepared in the lowest view
 * Each of them must be refuted.
 */
#define N 4
#ifndef BYZ
#define BYZ 0
#endif
#ifndef VIEWS
#define VIEWS 3
#endif
#ifdef WEAK
#define Q 2
#else
#define Q 3
#endif

#define PRIMARY(v) ((v) % N)
#define AT(i, v) ((i) * VIEWS + (v))

byte view[N];
bit changing[N];
byte bound[N];       /* what the new-view installed here binds the height to: 0 is free */
byte vote[N * VIEWS];  /* pre-prepare of the primary, prepare of a backup: 1 or 2, 0 is none */
byte done[N * VIEWS];  /* commit */
bit first;             /* value 1 has a vote: values differ in name only, so that one may come first */

/* View-changes: 0 none, else 1 + rank of the claim; the rank is 0 for none, w + 1 for prepared in view w. */
#define DECIDED (VIEWS + 1)
byte left[N * VIEWS];
byte claimed[N * VIEWS];

#define HAS_LEFT(j, v) (j == BYZ || left[AT(j, v)] > 0)
#define LEFT(v) (HAS_LEFT(0, v) + HAS_LEFT(1, v) + HAS_LEFT(2, v) + HAS_LEFT(3, v))

/* The one new-view of a correct primary. */
bit announced[VIEWS];
byte offered[VIEWS];  /* what it binds to */

#define SAID(of, j, v, x) ((j) == BYZ || of[AT(j, v)] == (x))
#define SIGNED(of, v, x) (SAID(of, 0, v, x) + SAID(of, 1, v, x) + SAID(of, 2, v, x) + SAID(of, 3, v, x))
#define PREPARED(v, x) (SIGNED(vote, v, x) >= Q && SAID(vote, PRIMARY(v), v, x))
#define COMMITTED(v, x) (SIGNED(done, v, x) >= Q)
#if VIEWS == 2
#define DECIDED_ON(x) (COMMITTED(0, x) || COMMITTED(1, x))
#else
#define DECIDED_ON(x) (COMMITTED(0, x) || COMMITTED(1, x) || COMMITTED(2, x))
#endif

/* Temporaries of `plan`, zero outside it. */
byte k, w, count, rank, value;

inline better(r, x) {
	if
#ifdef WEAK_ORDER
	:: (r) > 0 && (rank == 0 || (r) == DECIDED || (r) < rank) -> rank = r; value = x
#else
	:: (r) > rank || ((r) == rank && (x) < value) -> rank = r; value = x
#endif
	:: else
	fi
}

/* Any Q view-changes for view v, one of replica `me` where that is not N; leaves what they bind the view to. */
inline plan(v, me) {
	k = 0;
	do
	:: k < N && k != BYZ && left[AT(k, v)] > 0 ->
		if
		:: count++; better(left[AT(k, v)] - 1, claimed[AT(k, v)])
		:: k != me
		fi;
		k++
	:: k < N && k != BYZ && left[AT(k, v)] == 0 -> k++
	:: k == BYZ ->
		if
		:: true
		:: count++
		:: count++;
			w = 0;
			do
			:: w + 1 < v -> w++
			:: break
			od;
			if
			:: PREPARED(w, 1) -> better(w + 1, 1)
			:: PREPARED(w, 2) -> better(w + 1, 2)
			:: COMMITTED(w, 1) -> better(DECIDED, 1)
			:: COMMITTED(w, 2) -> better(DECIDED, 2)
			:: else
			fi
		fi;
		k++
	:: k == N -> break
	od;
#ifdef WEAK_CARRY
	if
	:: rank != DECIDED -> rank = 0; value = 0
	:: else
	fi
#else
	skip
#endif
}

inline forget() {
	k = 0; w = 0; count = 0; rank = 0; value = 0
}

/* Replica i enters view v, whose new-view binds the height to x. */
inline install(i, v, x) {
	view[i] = v;
	changing[i] = 0;
	bound[i] = x
}

#define MAY(i, x) (bound[i] == 0 || bound[i] == (x))
#define FREE(i) (!changing[i] && vote[AT(i, view[i])] == 0)

proctype Replica(byte i) {
	byte v, x;
	do
	/* The primary proposes; a backup prepares what the primary of its view proposed. */
	:: atomic { FREE(i) && (PRIMARY(view[i]) == i || SAID(vote, PRIMARY(view[i]), view[i], 1)) && MAY(i, 1) ->
		vote[AT(i, view[i])] = 1;
		first = 1 }
	:: atomic { first && FREE(i) && (PRIMARY(view[i]) == i || SAID(vote, PRIMARY(view[i]), view[i], 2)) && MAY(i, 2) ->
		vote[AT(i, view[i])] = 2 }

	/* Prepared: commit. */
	:: atomic { !changing[i] && vote[AT(i, view[i])] != 0 && done[AT(i, view[i])] == 0 &&
		PREPARED(view[i], vote[AT(i, view[i])]) ->
		done[AT(i, view[i])] = vote[AT(i, view[i])];
		assert(!(DECIDED_ON(1) && DECIDED_ON(2))) }

	/* Time is up, or others left: the view-change tells what is decided here, else prepared in the highest view. */
	:: atomic { view[i] + 1 < VIEWS ->
		v = view[i] + 1;
		do
		:: v + 1 < VIEWS -> v++
		:: break
		od;
		view[i] = v;
		changing[i] = 1;
		bound[i] = 0;
		left[AT(i, v)] = 1;
		x = 0;
		do
		:: x < v ->
			if
			:: done[AT(i, x)] != 0 -> left[AT(i, v)] = x + 2; claimed[AT(i, v)] = done[AT(i, x)]
			:: else
			fi;
			x++
		:: else -> break
		od;
		if
		:: DECIDED_ON(1) -> left[AT(i, v)] = DECIDED + 1; claimed[AT(i, v)] = 1
		:: DECIDED_ON(2) -> left[AT(i, v)] = DECIDED + 1; claimed[AT(i, v)] = 2
		:: true
		fi;
		v = 0;
		x = 0 }

	/* The new primary announces its view once. */
	:: atomic { changing[i] && PRIMARY(view[i]) == i && LEFT(view[i]) >= Q ->
		plan(view[i], i);
		if
		:: count == Q ->
			announced[view[i]] = 1;
			offered[view[i]] = value;
			install(i, view[i], value)
		:: else
		fi;
		forget() }

	/* A backup enters an announced view, also from below; a Byzantine primary announces what checks, to each its own. */
	:: atomic { view[i] < VIEWS - 1 || changing[i] ->
		v = view[i] + 1 - changing[i];
		do
		:: v + 1 < VIEWS -> v++
		:: break
		od;
		if
		:: v == 0
		:: v > 0 && PRIMARY(v) != BYZ && PRIMARY(v) != i && announced[v] -> install(i, v, offered[v])
		:: v > 0 && PRIMARY(v) == BYZ && LEFT(v) >= Q ->
			plan(v, N);
			if
			:: count == Q -> install(i, v, value)
			:: else
			fi;
			forget()
		:: else
		fi;
		v = 0 }
	od
}

init {
	atomic {
		byte i;
		do
		:: i < N ->
			if
			:: i != BYZ -> run Replica(i)
			:: else
			fi;
			i++
		:: else -> break
		od
	}
}
