import { useBlocks, useSwarm } from '../api/queries.ts';
import type { BlockView, SwarmSnapshot } from '../api/views.ts';
import { bytes, count } from '../format/numbers.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { Hash } from '../parts/hash.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import table from '../parts/table.module.css';
import { ClockTime } from '../parts/time.tsx';
import { cursorOf, useAddress } from '../routing/location.ts';
import style from './ledger.module.css';

/** What the replicas agreed on, block by block. */
export default function LedgerPage() {
  const swarm = useSwarm();
  const cursor = cursorOf(useAddress());
  const blocks = useBlocks(cursor);
  return (
    <>
      <PageHeader
        title="Ledger"
        lead={
          swarm.data !== undefined && (
            <>
              Height {count(swarm.data.ledger.height)}; {swarm.data.ledger.replicasAgreeing} of{' '}
              {swarm.data.quorum.replicas} replicas report the same state root. Each block carries the signatures of a
              quorum ({swarm.data.quorum.quorum}).
            </>
          )
        }
      />
      <Panel title={cursor === null ? 'Newest blocks' : 'Older blocks'} flush>
        <Answer query={blocks} lines={8}>
          {({ items, next }) =>
            items.length === 0 ? (
              <Empty title="No block yet" icon="ledger" />
            ) : (
              <>
                <Blocks blocks={items} swarm={swarm.data} />
                <Pager path="/ledger" cursor={cursor} older={next} noun="blocks" />
              </>
            )
          }
        </Answer>
      </Panel>
    </>
  );
}

function Blocks({
  blocks,
  swarm,
}: {
  readonly blocks: readonly BlockView[];
  readonly swarm: SwarmSnapshot | undefined;
}) {
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.cards}`}>
        <thead>
          <tr>
            <th scope="col">Height</th>
            <th scope="col">Time</th>
            <th scope="col">Commands</th>
            <th scope="col" className={table.right}>
              Signers
            </th>
            <th scope="col" className={table.right}>
              View
            </th>
            <th scope="col" className={table.right}>
              Size
            </th>
            <th scope="col">Digest</th>
          </tr>
        </thead>
        <tbody>
          {blocks.map((block) => (
            <tr key={block.height}>
              <td className={style.height}>{count(block.height)}</td>
              <td data-label="Time">
                <ClockTime atMs={block.timeMs} />
              </td>
              <td data-label="Commands" className={`${table.wrap} ${table.whole}`}>
                <Commands block={block} />
              </td>
              <td data-label="Signers" className={table.right}>
                {block.signers}
                {swarm !== undefined && <span className="muted"> / {swarm.quorum.replicas}</span>}
              </td>
              <td data-label="View" className={table.right}>
                {block.view}
              </td>
              <td data-label="Size" className={table.right}>
                {bytes(block.bytes)}
              </td>
              <td data-label="Digest">
                <Hash value={block.digest} label={`digest of block ${block.height}`} chars={8} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Commands of one kind and outcome as one line: `commit-update × 6`. */
function Commands({ block }: { readonly block: BlockView }) {
  if (block.commands.length === 0) {
    return <span className="muted">{block.requests === 0 ? 'empty' : `${block.requests} requests`}</span>;
  }
  const counts = new Map<string, number>();
  for (const { kind, outcome } of block.commands) {
    const name = outcome === 'applied' ? kind : `${kind} (${outcome})`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return (
    <span className={style.commands}>
      {[...counts].map(([name, times]) => (
        <code key={name}>
          {name}
          {times > 1 && ` × ${times}`}
        </code>
      ))}
    </span>
  );
}
