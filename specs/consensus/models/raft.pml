/*
 * Raft's elections and the log rules they depend on, n = 3, TERMS terms, logs of at most LENGTH entries; after
 * packages/consensus/src/raft.
 *
 * The network keeps every message and shows it to whom it likes, when it likes, so there are no channels: a vote
 * request is what a candidate's log is, an append any stretch of what the leader of a term has had in its log. What
 * cannot be used any more is dropped: requests of who is no candidate now, answers to who does not lead now. An
 * entry is named by its term: a leader appends one at its election, more if there is room. A restart keeps term,
 * vote and log, and forgets the role. Leaders commit as soon as they may, which is when most is demanded.
 * Pre-vote, check-quorum and transfer only decide when somebody campaigns; here anyone may at any time.
 *
 * -DWEAK         a majority is one short
 * -DWEAK_MEMORY  a restart forgets the vote
 * -DWEAK_LOG     a vote is given whatever the candidate's log
 * -DWEAK_COUNT   a leader commits entries of older terms by counting
 * Each of them must be refuted.
 */
#define N 3
#ifndef TERMS
#define TERMS 3
#endif
#ifndef LENGTH
#define LENGTH 2
#endif
#ifdef WEAK
#define MAJORITY 1
#else
#define MAJORITY 2
#endif

#define AT(i, k) ((i) * LENGTH + (k))
#define BIT(i) (1 << (i))
#define SIZE(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))

byte term[N];
byte vote[N];           /* 1 + the candidate of `term`, 0 for none */
byte role[N];           /* 0 follower, 1 candidate, 2 leader */
byte granted[N];        /* to a candidate: a set of voters */
byte match[N * N];      /* to a leader: how much of its log each holds */
byte length[N];
byte log[N * LENGTH];

/* By term, from 1. */
byte elected[TERMS + 1];       /* 1 + the leader */
byte sentLength[TERMS + 1];    /* what it has had in its log */
byte sent[(TERMS + 1) * LENGTH];

byte committed[LENGTH];        /* the entry that is committed at a place, 0 for none */
byte committedIn[LENGTH];      /* the term in which it first was */

#define LAST(i) (length[i] == 0 -> 0 : log[AT(i, length[i] - 1)])
#define UP_TO_DATE(i, c) (LAST(c) > LAST(i) || (LAST(c) == LAST(i) && length[c] >= length[i]))

inline stepDown(i) {
	role[i] = 0;
	granted[i] = 0;
	match[i * N] = 0;
	match[i * N + 1] = 0;
	match[i * N + 2] = 0
}

inline follow(i, t) {
	if
	:: t > term[i] ->
		term[i] = t;
		vote[i] = 0;
		stepDown(i);
		tidy()
	:: else
	fi
}

/* Nobody can use the appends of a term that all have left. */
inline tidy() {
	d_step {
		n = 1;
		do
		:: n <= TERMS && term[0] > n && term[1] > n && term[2] > n ->
			elected[n] = 0;
			sentLength[n] = 0;
			sent[AT(n, 0)] = 0;
			sent[AT(n, LENGTH - 1)] = 0;
			n++
		:: else -> break
		od;
		n = 0
	}
}

/* Leader i appends an entry of its term, and everything it has had is on the wire. */
inline append(i) {
	d_step {
		if
		:: length[i] < LENGTH -> log[AT(i, length[i])] = term[i]; length[i]++
		:: else
		fi;
		n = sentLength[term[i]];
		do
		:: n < length[i] -> sent[AT(term[i], n)] = log[AT(i, n)]; n++
		:: else -> break
		od;
		n = 0;
		sentLength[term[i]] = length[i];
		match[i * N + i] = length[i]
	}
}

#define HELD(l, k) ((match[(l) * N] >= k) + (match[(l) * N + 1] >= k) + (match[(l) * N + 2] >= k))

/* Leader l commits what a majority holds, up to an entry of its own term. */
inline commit(l) {
	d_step {
		n = length[l];
		do
		:: n > 0 && HELD(l, n) < MAJORITY -> n--
		:: else -> break
		od;
#ifndef WEAK_COUNT
		if
		:: n > 0 && log[AT(l, n - 1)] != term[l] -> n = 0
		:: else
		fi;
#endif
		do
		:: n > 0 ->
			n--;
			/* State machine safety: one entry at each place. */
			assert(committed[n] == 0 || committed[n] == log[AT(l, n)]);
			if
			:: committed[n] == 0 || term[l] < committedIn[n] -> committedIn[n] = term[l]
			:: else
			fi;
			committed[n] = log[AT(l, n)]
		:: else -> break
		od
	}
}

/* Entries k to m of term t come to i, whose log fits there: what conflicts goes, what is new is added. */
inline take(i, t, k, m) {
	d_step {
		n = k;
		do
		:: n < m ->
			if
			:: n < length[i] && log[AT(i, n)] != sent[AT(t, n)] ->
				do
				:: length[i] > n -> length[i]--; log[AT(i, length[i])] = 0
				:: else -> break
				od
			:: else
			fi;
			log[AT(i, n)] = sent[AT(t, n)];
			if
			:: length[i] <= n -> length[i] = n + 1
			:: else
			fi;
			n++
		:: else -> break
		od;
		n = 0
	}
}

proctype Server(byte i) {
	byte t, c, k, m, n;
	do
	/* Time is up: campaign, the own vote first. */
	:: atomic { role[i] != 2 && term[i] < TERMS ->
		follow(i, term[i] + 1);
		vote[i] = i + 1;
		role[i] = 1;
		granted[i] = BIT(i) }

	/* A candidate asks for the vote. */
	:: atomic { true ->
		if
		:: c = (i + 1) % N
		:: c = (i + 2) % N
		fi;
		if
		:: role[c] == 1 && term[c] >= term[i] && !(granted[c] & BIT(i)) ->
			follow(i, term[c]);
			if
#ifdef WEAK_LOG
			:: vote[i] == 0 ->
#else
			:: vote[i] == 0 && UP_TO_DATE(i, c) ->
#endif
				vote[i] = c + 1;
				granted[c] = granted[c] | BIT(i)
			:: else
			fi
		:: else
		fi;
		c = 0 }

	/* A majority granted: lead. */
	:: atomic { role[i] == 1 && SIZE(granted[i]) >= MAJORITY ->
		/* Election safety: one leader in a term. */
		assert(elected[term[i]] == 0);
		elected[term[i]] = i + 1;
		/* Leader completeness: what earlier terms committed is in its log. */
		do
		:: k < LENGTH ->
			assert(committed[k] == 0 || committedIn[k] > term[i] || (k < length[i] && log[AT(i, k)] == committed[k]));
			k++
		:: else -> break
		od;
		k = 0;
		role[i] = 2;
		granted[i] = 0;
		append(i);
		commit(i) }

	/* The leader of term t, now or once, has sent the entries from k to m. */
	:: atomic { true ->
		t = term[i];
		do
		:: t < TERMS -> t++
		:: break
		od;
		if
		:: elected[t] != 0 && elected[t] != i + 1 ->
			do
			:: k + 1 < sentLength[t] -> k++
			:: break
			od;
			m = k + 1;
			do
			:: m < sentLength[t] -> m++
			:: break
			od;
			if
			:: k == 0 || (k <= length[i] && log[AT(i, k - 1)] == sent[AT(t, k - 1)]) ->
				follow(i, t);
				if
				:: role[i] == 1 -> stepDown(i)
				:: else
				fi;
				take(i, t, k, m);
				c = elected[t] - 1;
				if
				:: c < N && role[c] == 2 && term[c] == t && match[c * N + i] < m -> match[c * N + i] = m; commit(c)
				:: else
				fi
			:: else
			fi
		:: else
		fi;
		t = 0;
		c = 0;
		k = 0;
		m = 0 }

	/* The leader orders more. */
	:: atomic { role[i] == 2 && length[i] < LENGTH -> append(i); commit(i) }

	/* A crash and a restart. */
	:: atomic { role[i] != 0 ->
		stepDown(i);
#ifdef WEAK_MEMORY
		vote[i] = 0
#endif
	}
	od
}

init {
	atomic { run Server(0); run Server(1); run Server(2) }
}
