import { unleashChaos } from '@murmuration/simulator';
import { liars } from '../src/index.ts';
import { Cluster } from './cluster/cluster.ts';
const from = Number(process.argv[2] ?? 1), seeds = Number(process.argv[3] ?? 20), n = Number(process.argv[4] ?? 7);
const names = Object.keys(liars);
let fails = 0; const t0 = performance.now(); let msgs = 0, heights = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const f = Math.floor((n - 1) / 3);
  const chosen = new Map();
  if (seed % 3 !== 0) for (let i = 0; i < f; i++) chosen.set((seed + i * 3) % n, liars[names[(seed * 7 + i) % names.length]!]!);
  const c = new Cluster({ n, seed, signatures: process.argv[5] === 'real' ? 'ed25519' : 'hash', liars: chosen, pbft: { checkpointInterval: 8 }, faults: seed % 2 ? { loss: 0.05, duplication: 0.02, reordering: 0.1 } : {} });
  const reqs: string[] = [];
  unleashChaos(c.world, { untilMs: 20000, maxDown: chosen.size > 0 ? 0 : f, everyMs: 700 });
  const load = () => { if (c.world.nowMs() > 19000) return; for (const h of c.honest) if (c.nodes[h]!.running) { reqs.push(c.submit(h)); break; } c.world.after(30 + c.world.random.below(100), 'load', load); };
  load();
  try { await c.world.run({ untilMs: 20000 });
    // submit again whatever lost (clients retry)
    const again = () => { for (const r of reqs) if (!c.committedRequests.has(r)) { for (const h of c.honest) c.hosts[h]!.propose(Uint8Array.from(r.match(/../g)!.map((x) => parseInt(x, 16)))); } };
    const before = c.decided.size;
    again();
    await c.settle(reqs, 20000);
    heights += c.decided.size; for (const v of c.sentByKind.values()) msgs += v;
    if (seeds <= 5) console.log(seed, [...chosen].map(([i, l]) => `${i}:${l.name}`), 'height', before, c.decided.size, 'views', c.hosts.map((h) => h.engine.status.view).join(), 'accused', [...c.accused], Object.fromEntries(c.refusals), Object.fromEntries(c.sentByKind), 'journal', c.honest.map((h) => c.journalSize(h)).join());
  } catch (e: any) { fails++; console.log('FAIL', seed, [...chosen].map(([i, l]) => `${i}:${l.name}`), e.message, e.cause?.stack?.split('\n').slice(0, 8).join('\n') ?? ''); }
}
console.log('fails', fails, 'heights', heights, 'msgs', msgs, ((performance.now() - t0) / 1000).toFixed(1), 's');
