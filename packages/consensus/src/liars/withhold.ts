import { type Liar, messageOf, receivers } from './liar.ts';

/** Listens and never speaks. To the others it is a replica that is down. */
export const silent: Liar = {
  name: 'silent',
  describe: 'sends nothing at all',
  onSend: () => [],
};

/** Takes part until it matters. */
export const withhold: Liar = {
  name: 'withhold',
  describe: 'keeps back its commits and new-views',
  onSend(_, effect) {
    const kind = messageOf(effect)?.kind;
    return kind === 'commit' || kind === 'new-view' ? [] : [effect];
  },
};

/** Serves some and starves the rest. */
export const selective: Liar = {
  name: 'selective',
  describe: 'sends only to the first half of the others',
  onSend(context, effect) {
    const all = receivers({ ...context }, { ...effect, to: 'all' });
    const served = all.slice(0, Math.ceil(all.length / 2));
    return receivers(context, effect)
      .filter((to) => served.includes(to))
      .map((to) => ({ ...effect, to }));
  },
};
